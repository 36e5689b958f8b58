"""Watteco Pulse Sens'O: three pulse inputs that speak ZCL.

Source: actility/device-catalog, vendors/watteco, pulse-senso, and Watteco's standard of reports. High byte
first:

    h 0A CCCC AAAA t V ..       report of attribute A of cluster C, of type t; 8A: an alarm, with its cause
        behind V
    h 01 CCCC AAAA s t V ..     answer to a question; s 00: done, else nothing follows
    h  11 31 51 the inputs 1 to 3
    000F 0055 10  state of the input, one byte       000F 0402 23  its count, four bytes
    0000 0002     firmware: three numbers, then the revision of three bytes
    8004 0000 08  00: frames are not confirmed
    down  h 00 CCCC AAAA   asked for        h 05 CCCC AAAA t V   set          h 50 CCCC c ..   carried out:
          0050 00 restart, 0050 07 factory settings, 8004 00 mm mm join again after [min]

* Each input is a series of its own; what a pulse is worth only the registry knows.
* Batches (port 125, other first bytes) are compressed by a code of the maker's: they are refused.
"""

from narrowgate_codecs.elements import Code, Hex, Int, Named, Rest
from narrowgate_codecs.layout import Case, Element, Switch, Tail, When
from narrowgate_codecs.orders import Order
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.words import Family

_INPUTS = ((0x11, 1), (0x31, 2), (0x51, 3))
_HEAD = Code("head", 1, accepts=tuple(code for code, _ in _INPUTS), default=0x11)
_CAUSE = Tail((Rest("cause"),))
_RETRIES = 0x8004_0001_20

_STATES: tuple[Element, ...] = tuple(
    When("head", (code,), (Named(f"input_{number}_on", 1, ((0, False),), otherwise=True, default=True),))
    for code, number in _INPUTS
)
_COUNTS: tuple[Element, ...] = tuple(
    When("head", (code,), (Int(f"pulses_{number}", 4),)) for code, number in _INPUTS
)


def _reported(*more: Element) -> Switch:
    """Give what attributes say."""
    return Switch(
        "attribute",
        (
            Case("input_state", (0x000F_0055_10,), (*_STATES, *more)),
            Case("input_count", (0x000F_0402_23,), (*_COUNTS, *more)),
        ),
        default=Case("other_report", (), (Rest("value"),)),
    )


_ANSWER: tuple[Element, ...] = (
    Code("asked", 4),
    Named("result", 1, ((0, "done"),), otherwise="failed"),
    Switch(
        "asked",
        (
            Case(
                "firmware",
                (0x0000_0002,),
                (
                    Tail(
                        (
                            Hex("firmware_type", 1, default="0d"),
                            Int("firmware_major", 1),
                            Int("firmware_minor", 1),
                            Int("firmware_patch", 1),
                            Int("firmware_revision", 3),
                        )
                    ),
                ),
            ),
            Case(
                "confirmation",
                (0x8004_0000,),
                (
                    Tail(
                        (
                            Hex("confirmation_type", 1, default="08"),
                            Named("confirmed", 1, ((0, False), (1, True))),
                        )
                    ),
                ),
            ),
        ),
        default=Case("other_answer", (), (Rest("value"),)),
    ),
)

PROFILE = Profile(
    name="watteco_pulse_senso_v1",
    family=Family.WATER,
    device="Watteco Pulse Sens'O",
    source="actility/device-catalog, vendors/watteco",
    up=(
        _HEAD,
        Code("command", 1),
        Switch(
            "command",
            (
                Case("report", (0x0A, 0x8A), (Code("attribute", 5), _reported(_CAUSE))),
                Case("answer", (0x01,), _ANSWER),
            ),
        ),
    ),
    down=(
        _HEAD,
        Code("command", 1),
        Switch(
            "command",
            (
                Case("ask", (0x00,), (Code("asked", 4, default=0x0000_0002),)),
                Case(
                    "set",
                    (0x05,),
                    (
                        Code("attribute", 5),
                        Switch(
                            "attribute",
                            (Case("set_retries", (_RETRIES,), (Int("retries", 1),)),),
                            default=Case("set_other", (), (Rest("value"),)),
                        ),
                    ),
                ),
                Case(
                    "do",
                    (0x50,),
                    (
                        Code("order", 3),
                        Switch(
                            "order",
                            (
                                Case("restart", (0x005000,), ()),
                                Case("factory_settings", (0x005007,), ()),
                                Case("join_again", (0x800400,), (Int("join_after_min", 2),)),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    readings=tuple(
        Reading("input_count", (Carry("pulses", f"pulses_{number}"),), series=f"input_{number}")
        for _, number in _INPUTS
    ),
    orders=(Order(CommandKind.REBOOT, "restart"),),
)
