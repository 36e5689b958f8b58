"""Zenner and Minol LoRaWAN modules: packets SP0 to SP9, SP12, SP13, AP1, AP2.

Source: the published analysis of Zenner's radio packet definition 1.35,
edumendez99/lora-decoders-zenner-water-meter. Low byte first; the first byte's upper half is the packet, its
lower half how values are coded (0 packed digits, else binary; FFFFFFFF: none):

    0x  VVVV [debug 12]          1x  VVVV  of the day          2x  TTTT VVVV ss  of the month, with time
    3x  DD VVVV HHHH             month and half month, with date    4x  DD VVVV ss [rr]   of a key day
    5x  VVVV WWWW ss             day, two channels             6x  DD VVVV WWWW  month, two channels
    7x  VVVV HHHH WWWW IIII      both, two channels            8x  DD VVVV WWWW  key day, two channels
    90  TTTT    91  TTTT ss rrrr   time, status    92  device    93  channel
    A0  c ddd   event            B0  exchange of the meter
    Cx  n h VVVV VVVV VVVV rr    hours    Dx  n o VVVV VVVV VVVV vv    quarters of an hour

* T date and time, D date of EN 13757-3 in the meter's local time, s the device's own status bits.
* What one count is worth is a setting of the module: `pulses`. Values of a month, of a key day, of hours and
  quarters are of the past, and what the packet dates is no instant of them: they are said, and are no
  readings.
* Values coded for sensors other than meters (3 to 5) are refused.
"""

from collections.abc import Callable

from narrowgate_codecs.bit_clocks import date_g, time_f
from narrowgate_codecs.elements import Bcd, Bits, Code, Hex, Int, Part, Word
from narrowgate_codecs.layout import Case, Element, Switch, Tail
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_STATUS = Hex("status_summary", 2, "little")
_EVENTS: tuple[tuple[int, Word], ...] = (
    *enumerate(
        (
            *("tamper", "removal", "leak", "reverse_installation", "battery_warning", "oversized"),
            *("undersized", "error", "mode_1f", "no_consumption", "burst", "battery_end", "dry"),
            *("frost", "backflow", "battery_prewarning"),
        ),
        1,
    ),
    (0x1D, "status_summary"),
    (0x1E, "meter_lost"),
    (0x1F, "adapter_battery_end"),
)


def _is(name: str, *codes: int) -> Part:
    return Part(name, 0, 8, tuple((code, True) for code in codes))


_EVENT: tuple[Element, ...] = (
    Bits(
        "event_byte",
        1,
        (
            Part("event", 0, 8, _EVENTS, otherwise="unknown"),
            _is("tamper", 0x01, 0x02),
            _is("leak", 0x03),
            _is("battery_low", 0x05, 0x0C, 0x1F),
            _is("sensor_fault", 0x08, 0x1E),
            _is("no_use", 0x0A),
            _is("burst", 0x0B),
            _is("empty_pipe", 0x0D),
            _is("freeze", 0x0E),
            _is("reverse_flow", 0x0F),
        ),
    ),
    Hex("event_data", 3),
)
_DEVICE: tuple[Element, ...] = (
    Hex("firmware_version", 4, "little"),
    Hex("lorawan_version", 3),
    Int("radio_version", 2, "little"),
    Int("device_type", 1),
    Int("meter_id", 4, "little"),
    Hex("spare", 2, default="0000"),
)
_METER: tuple[Element, ...] = (
    Int("channel", 1),
    Hex("serial", 4, "little"),
    Hex("maker", 2, "little"),
    Int("generation", 1),
    Int("medium", 1),
)


_CARRIED = ("pulses", "pulses_2")


def _packets(word: str, value: Callable[[str], Element]) -> tuple[tuple[int, str, tuple[Element, ...]], ...]:
    """Give the packets of values: upper half of the first byte, name and fields."""
    now, second = value("pulses"), value("pulses_2")
    month, half, month_2, half_2 = (
        value(f"{name}_pulses") for name in ("month", "half_month", "month_2", "half_month_2")
    )
    key, key_2 = value("key_day_pulses"), value("key_day_pulses_2")
    three = tuple(value(f"{name}_pulses") for name in ("first", "second", "third"))
    fields: dict[str, tuple[Element, ...]] = {
        "current": (now, Tail((Hex("debug", 12),), 12)),
        "day": (now,),
        "month": (time_f("clock"), month, _STATUS),
        "half_month": (date_g("date"), month, half),
        "key_day": (date_g("key_day"), key, _STATUS, Tail((Hex("spare", 2),), 2)),
        "day_2": (now, second, _STATUS),
        "month_2": (date_g("date"), month, month_2),
        "half_month_2": (month, half, month_2, half_2),
        "key_day_2": (date_g("key_day"), key, key_2),
        "hours": (Int("channel", 1), Int("first_hour", 1), *three, Hex("spare", 2, default="0000")),
        "quarters": (Int("channel", 1), Int("order", 1), *three, Int("current_low", 2, "little")),
    }
    halves = (*range(9), 0xC, 0xD)
    return tuple(
        (half, f"{name}{word}", inner) for half, (name, inner) in zip(halves, fields.items(), strict=True)
    )


def _digits(name: str) -> Element:
    """Give a register in packed digits; one that no reading carries is told digit by digit."""
    return Bcd(name, 4, "little") if name in _CARRIED else Hex(f"{name}_digits", 4, "little")


def _binary(name: str) -> Element:
    return Int(name, 4, "little", null=(0xFFFFFFFF,))


_CASES = (
    *(Case(name, (half << 4,), inner) for half, name, inner in _packets("_digits", _digits)),
    *(Case(name, (half << 4 | 1, half << 4 | 2), inner) for half, name, inner in _packets("", _binary)),
    Case("time", (0x90,), (time_f("clock"),)),
    Case("time_status", (0x91,), (time_f("clock"), _STATUS, Hex("spare", 4, default="00" * 4))),
    Case("device", (0x92,), _DEVICE),
    Case(
        "channel_info", (0x93,), (*_METER, Hex("obis", 1), Hex("vif", 3), Hex("spare", 3, default="00" * 3))
    ),
    Case("event", (0xA0,), _EVENT),
    Case("exchange", (0xB0,), _METER),
)
_DAYS = tuple(f"{name}{word}" for name in ("current", "day", "day_2") for word in ("", "_digits"))

PROFILE = Profile(
    name="zenner_lorawan_v1",
    family=Family.WATER,
    device="Zenner or Minol LoRaWAN module",
    source="edumendez99/lora-decoders-zenner-water-meter, after radio packet definition 1.35",
    up=(Code("head", 1), Switch("head", _CASES)),
    down=(),
    readings=(
        *(Reading(message, (Carry("pulses"),)) for message in _DAYS),
        *(
            Reading(message, (Carry("pulses", "pulses_2"),), series="input_2")
            for message in _DAYS
            if "_2" in message
        ),
        Reading(
            "event",
            tuple(
                Carry(name)
                for name in (
                    *("tamper", "leak", "battery_low", "sensor_fault", "no_use"),
                    *("burst", "empty_pipe", "freeze", "reverse_flow"),
                )
            ),
        ),
    ),
)
