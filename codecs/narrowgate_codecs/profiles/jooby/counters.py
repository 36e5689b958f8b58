"""Jooby, counters: what modules say of their channels now, by the hour and by the day, and how it is read.

Dates are years since 2000 (7 bits), month (4) and day (5); hours are counted in UTC from the date. Counters
are of pulses; behind a coefficient K they are the meter's own register in pulses of K litres:

    K    00-7F litres as they are    80 1    81 5    82 10    83 100    84 1 000    85 10 000    86 100 000
"""

from narrowgate_codecs.elements import Bits, Code, Int, Moment, Part, Scaled, Varint
from narrowgate_codecs.layout import Array, Case, Channels, Deltas, Element
from narrowgate_codecs.profile import Carry, Each, Reading

_HOUR_S, _DAY_S = 3_600, 86_400
_LITRES_IN_M3 = 1000
_FACTORS = (
    *((litres, litres) for litres in range(1, 0x80)),
    (0x80, 1),
    (0x81, 5),
    (0x82, 10),
    (0x83, 100),
    (0x84, 1_000),
    (0x85, 10_000),
    (0x86, 100_000),
)


def _date(above: int) -> tuple[Part, ...]:
    """Give the parts of a date that stands above some bits."""
    return (Part("year", above + 9, 7), Part("month", above + 5, 4), Part("day", above, 5))


_DATE: tuple[Element, ...] = (Bits("date", 2, _date(0)), Moment("day_at", "year", "month", "day"))
_HOURS: tuple[Element, ...] = (
    Bits("start", 3, (*_date(8), Part("more_hours", 5, 3), Part("hour", 0, 5))),
    Moment("started_at", "year", "month", "day", "hour"),
)
_HOURS_EX: tuple[Element, ...] = (
    Bits("start", 3, (*_date(8), Part("hour", 0, 8))),
    Moment("started_at", "year", "month", "day", "hour"),
    Int("more_hours", 1),
)
_HOUR: tuple[Element, ...] = (
    Bits("date_and_hour", 3, (*_date(8), Part("hour_magnet", 7), Part("hour", 0, 5))),
    Moment("hour_at", "year", "month", "day", "hour"),
    Int("hour_pulses", 3),
)
_COEFFICIENT = Code("coefficient", 1)


def _in_m3(name: str, of: str) -> Scaled:
    return Scaled(name, of, "coefficient", _FACTORS, per=_LITRES_IN_M3)


def _channels(name: str, *fields: Element) -> tuple[Element, ...]:
    return (Varint("mask"), Channels(name, "mask", "channel", fields))


def _hourly(name: str) -> tuple[Element, ...]:
    return _channels(
        name, Varint("first_pulses"), Deltas("hours", "pulses", "first_pulses", 0, count="more_hours")
    )


def _hourly_m3(name: str) -> tuple[Element, ...]:
    hours = Deltas(
        "hours", "counter", "first_counter", 0, count="more_hours", also=(_in_m3("volume_m3", "counter"),)
    )
    return _channels(
        name, _COEFFICIENT, Varint("first_counter"), _in_m3("first_volume_m3", "first_counter"), hours
    )


def _daily(name: str, *fields: Element) -> tuple[Element, ...]:
    return (Varint("mask"), Int("days", 1), Channels(name, "mask", "channel", fields))


COUNTERS = (
    Case("current", (0x07,), (Bits("counter_bits", 4, (Part("magnet", 31), Part("current_pulses", 0, 24))),)),
    Case("day", (0x20,), (*_DATE, Bits("day_bits", 4, (Part("day_magnet", 31), Part("day_pulses", 0, 24))))),
    Case("hour", (0x40,), (*_HOUR, Deltas("later", "pulses", "hour_pulses", 2, bits=13))),
    Case("archive_hours", (0x05,), (*_HOUR, Deltas("archived", "pulses", "hour_pulses", 2, bits=13))),
    Case(
        "archive_days",
        (0x06,),
        (
            *_DATE,
            Array("days_back", None, (Bits("bits", 4, (Part("magnet_then", 31), Part("pulses", 0, 24))),)),
        ),
    ),
    Case("current_mc", (0x18,), _channels("now", Varint("pulses"))),
    Case("day_mc", (0x16,), (*_DATE, *_channels("by_day", Varint("pulses")))),
    Case("hour_mc", (0x17,), (*_HOURS, *_hourly("by_hour"))),
    Case("hour_mc_ex", (0x1F31,), (*_HOURS_EX, *_hourly("by_hour_ex"))),
    Case("archive_hours_mc", (0x1A,), (*_HOURS, *_hourly("hours_archive"))),
    Case("archive_hours_mc_ex", (0x1F30,), (*_HOURS_EX, *_hourly("hours_archive_ex"))),
    Case("abs_archive_hours_mc", (0x1F0C,), (*_HOURS, *_hourly("abs_hours_archive"))),
    Case(
        "archive_days_mc",
        (0x1B,),
        (*_DATE, *_daily("days_archive", Array("daily", "days", (Varint("pulses"),)))),
    ),
    Case(
        "abs_archive_days_mc",
        (0x1F0D,),
        (
            *_DATE,
            *_daily(
                "abs_days_archive",
                _COEFFICIENT,
                Array("daily", "days", (Varint("counter"), _in_m3("volume_m3", "counter"))),
            ),
        ),
    ),
    Case(
        "abs_current_mc",
        (0x1F0F,),
        _channels("abs_now", _COEFFICIENT, Varint("counter"), _in_m3("volume_m3", "counter")),
    ),
    Case(
        "abs_day_mc",
        (0x1F0B,),
        (*_DATE, *_channels("abs_by_day", _COEFFICIENT, Varint("counter"), _in_m3("volume_m3", "counter"))),
    ),
    Case("abs_hour_mc", (0x1F0A,), (*_HOURS, *_hourly_m3("abs_by_hour"))),
)
"""The commands that say counters."""


def _by_channel(path: str, *carries: Carry, clock: str | None = None, each: Each | None = None) -> Reading:
    records = f"commands.{path}"
    return Reading("commands", carries, records=records, clock=clock, series_by="channel", each=each)


def _hours(path: str, first: str, later: str, field: str) -> tuple[Reading, Reading]:
    """Give the readings of a channel's first hour and of the hours behind it."""
    at = Each(step_s=0)
    return (
        _by_channel(path, Carry(field, first), clock="started_at", each=at),
        _by_channel(f"{path}.hours", Carry(field, later), clock="started_at", each=Each(step_s=_HOUR_S)),
    )


def _old_hours(path: str) -> Reading:
    later = Each(step_s=_HOUR_S)
    return Reading("commands", (Carry("pulses"),), records=f"commands.{path}", clock="hour_at", each=later)


_AT = Each(step_s=0)
_EACH_DAY = Each(step_s=_DAY_S, first=0)

READINGS = (
    Reading(
        "commands",
        (Carry("pulses", "day_pulses"), Carry("tamper", "day_magnet")),
        records="commands",
        each=Each(clock="day_at"),
    ),
    Reading(
        "commands",
        (Carry("pulses", "hour_pulses"), Carry("tamper", "hour_magnet")),
        records="commands",
        each=Each(clock="hour_at"),
    ),
    _old_hours("later"),
    _old_hours("archived"),
    Reading(
        "commands",
        (Carry("pulses"), Carry("tamper", "magnet_then")),
        records="commands.days_back",
        clock="day_at",
        each=_EACH_DAY,
    ),
    _by_channel("now", Carry("pulses")),
    _by_channel("by_day", Carry("pulses"), clock="day_at", each=_AT),
    *_hours("by_hour", "first_pulses", "pulses", "pulses"),
    *_hours("by_hour_ex", "first_pulses", "pulses", "pulses"),
    *_hours("hours_archive", "first_pulses", "pulses", "pulses"),
    *_hours("hours_archive_ex", "first_pulses", "pulses", "pulses"),
    _by_channel("days_archive.daily", Carry("pulses"), clock="day_at", each=_EACH_DAY),
    _by_channel("abs_days_archive.daily", Carry("volume_m3"), clock="day_at", each=_EACH_DAY),
    _by_channel("abs_now", Carry("volume_m3")),
    _by_channel("abs_by_day", Carry("volume_m3"), clock="day_at", each=_AT),
    *_hours("abs_by_hour", "first_volume_m3", "volume_m3", "volume_m3"),
)
"""How they are read."""
