"""Microseconds since 1970 as the datetimes that JSON, DuckDB and pages take."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
"""The days that may be asked for."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(at_us: int) -> datetime:
    """Give an instant [us] as a UTC datetime."""
    return _EPOCH + timedelta(microseconds=at_us)


def perhaps(at_us: int | None) -> datetime | None:
    """Give an instant [us] as a UTC datetime, and None for none."""
    return None if at_us is None else instant(at_us)


def begin_of_us(day: date, zone: tzinfo) -> int:
    """Give when a day begins by a city's clock [us]."""
    return int(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
