"""Decentlab's pulse counters: head, sensors by their flags, battery; and what all devices can be told.

Source: Decentlab's decoders and their downlink commands, TheThingsNetwork/lorawan-devices, vendor/decentlab.
High byte first:

    02 dd dd ff ff {NN NN II II LL LL HH HH} .. bb bb
    d identity, f which sensors follow, b0 the first, then the battery [mV]
    N pulses in the interval, I interval [s], H L pulses in total, the low half first
    down  cc cc pp pp ss ss     command, parameter, check sum (CRC-16 of Modbus)
          0001 0002 period [s], 0003 0004 data rate, 0005 0006 rate adapts, 0007 0008 does not;
          the second of each pair keeps it over a restart
"""

from narrowgate_codecs.elements import Bits, Check, Code, Const, Hex, Int, Mark, Part
from narrowgate_codecs.layout import Case, Element, Switch, When
from narrowgate_codecs.orders import Arg, Order
from narrowgate_codecs.profile import Carry, Reading
from narrowgate_codecs.sums import Sum
from narrowgate_schema.commands import CommandKind

_PERIOD, _RATE, _NOTHING = Int("period_s", 2), Int("data_rate", 2), Hex("parameter", 2, default="0000")
_COMMANDS: tuple[tuple[str, Element], ...] = (
    ("set_period", _PERIOD),
    ("set_data_rate", _RATE),
    ("enable_adaptive_rate", _NOTHING),
    ("disable_adaptive_rate", _NOTHING),
)


def _sensor(channel: int) -> tuple[Element, ...]:
    name = "pulses" if channel == 0 else f"pulses_{channel + 1}"
    return (
        Int(f"{name}_in_interval", 2),
        Int(f"{name}_interval_s", 2),
        Int(f"{name}_low", 2),
        Int(f"{name}_high", 2),
        Sum(name, ((f"{name}_low", 1), (f"{name}_high", 1 << 16)), is_whole=True),
    )


def up(channels: int) -> tuple[Element, ...]:
    """Give the frame of a device with so many inputs."""
    has = (*(f"has_input_{channel + 1}" for channel in range(channels)), "has_battery")
    return (
        Const(b"\x02"),
        Hex("identity", 2),
        Bits("sensors", 2, tuple(Part(name, at) for at, name in enumerate(has))),
        *(When(has[channel], (1,), _sensor(channel)) for channel in range(channels)),
        When("has_battery", (1,), (Int("battery_v", 2, per=1000),)),
    )


DOWN: tuple[Element, ...] = (
    Mark("start"),
    Code("command", 2),
    Switch(
        "command",
        tuple(
            Case(name if kept == 0 else f"{name}_for_good", (1 + 2 * at + kept,), (field,))
            for at, (name, field) in enumerate(_COMMANDS)
            for kept in (0, 1)
        ),
    ),
    Check("crc16_modbus", since="start"),
)


ORDERS = (Order(CommandKind.REPORT_INTERVAL, "set_period_for_good", (("period_s", Arg("interval_s")),)),)
"""They do not answer."""


def readings(channels: int) -> tuple[Reading, ...]:
    """Give how the frame becomes rows: one an input."""
    return (
        Reading("frame", (Carry("pulses"), Carry("battery_v"))),
        *(
            Reading("frame", (Carry("pulses", f"pulses_{channel}"),), series=f"input_{channel}")
            for channel in range(2, channels + 1)
        ),
    )
