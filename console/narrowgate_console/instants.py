"""Microseconds since 1970 as the datetimes that JSON, DuckDB and pages take."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(at_us: int) -> datetime:
    """Give an instant [us] as a UTC datetime."""
    return _EPOCH + timedelta(microseconds=at_us)


def perhaps(at_us: int | None) -> datetime | None:
    """Give an instant [us] as a UTC datetime, and None for none."""
    return None if at_us is None else instant(at_us)
