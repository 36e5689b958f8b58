"""Jooby, messages: commands back to back and what they add up to, up and down.

{H S ..} .. X    H command, S its bytes; X all bytes before it combined with 55
H S              top three bits set: H in them and S in the other five, one byte; 00-1E: H, then S;
1F: the command is 1F and the next byte, then S
"""

from narrowgate_codecs.elements import Bits, Check, Int, Mark, Moment, Part, Rest, Varint
from narrowgate_codecs.layout import Body, Case, Channels, Element, Records
from narrowgate_codecs.orders import Answer, Arg, Item, Order
from narrowgate_codecs.profiles.jooby.counters import COUNTERS
from narrowgate_codecs.profiles.jooby.parameters import CHANGED, PARAMETER, REQUESTED
from narrowgate_codecs.profiles.jooby.states import states, time_2000
from narrowgate_schema.commands import CommandKind


def _message(cases: tuple[Case, ...]) -> tuple[Element, ...]:
    commands = Records(
        "commands",
        1,
        cases,
        length_width=1,
        default=Case("other", (), (Rest("data"),)),
        short_bits=3,
        escape=0x1F,
    )
    return (Mark("start"), Body(1, (commands,)), Check("xor8", "start", start=0x55))


def up(
    last_event: tuple[Element, ...], water: tuple[Element, ...], extra: tuple[Case, ...] = ()
) -> tuple[Element, ...]:
    """Give the declaration of what a kind of module sends.

    Args:
        last_event: its state, behind the number of its last event.
        water: what an event of a water meter says behind its instant.
        extra: commands that only this kind of module knows.
    """
    parameters = (Case("set_parameter", (0x03,), CHANGED), Case("get_parameter", (0x04,), PARAMETER))
    return _message((*COUNTERS, *states(last_event, water), *parameters, *extra))


_CHANNELS: tuple[Element, ...] = (Varint("mask"), Channels("asked", "mask", "channel", ()))
_DATE: tuple[Element, ...] = (
    Bits("date", 2, (Part("year", 9, 7), Part("month", 5, 4), Part("day", 0, 5))),
    Moment("day_at", "year", "month", "day"),
)

DOWN = _message(
    (
        Case("set_time", (0x02,), (Int("sequence_number", 1), time_2000("device_time"))),
        Case("correct_time", (0x0C,), (Int("sequence_number", 1), Int("correction_s", 1, signed=True))),
        Case("set_parameter", (0x03,), PARAMETER),
        Case("get_parameter", (0x04,), REQUESTED),
        Case("get_archive_events", (0x0B,), (time_2000("from_time"), Int("events", 1))),
        Case("get_archive_days_mc", (0x1B,), (*_DATE, *_CHANNELS, Int("days", 1))),
        Case("get_current", (0x07,), ()),
        Case("get_current_mc", (0x18,), ()),
        Case("get_status", (0x14,), ()),
        Case("get_time", (0x09,), ()),
        Case("soft_restart", (0x19,), ()),
        Case("get_abs_current_mc", (0x1F0F,), ()),
    )
)
"""What modules are told and asked; other requests stay bytes."""

ORDERS = (
    Order(
        CommandKind.REPORT_INTERVAL,
        "commands",
        (
            (
                "commands",
                (
                    Item(
                        (
                            ("record", "set_parameter"),
                            ("parameter", 1),
                            ("interval_600s", Arg("interval_s", per=600)),
                        )
                    ),
                ),
            ),
        ),
        answer=Answer("commands", item=("commands", "set_parameter")),
    ),
    Order(CommandKind.REBOOT, "commands", (("commands", (Item((("record", "soft_restart"),)),)),)),
)
"""Intervals in steps of ten minutes."""
