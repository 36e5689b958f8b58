"""From a local clock's digits to an instant."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from narrowgate_codecs.elements import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def instant_us(times: Sequence[datetime], timezone: ZoneInfo, received_at_us: int | None) -> int | None:
    """Give the instant that a local time means [us since 1970 UTC]; None if there is no time.

    The hour that comes twice when summer time ends is two instants, and one clock can give several times.
    The instant nearest to reception is meant; the first one where reception is unknown.

    Args:
        times: candidates without zone, the likeliest first.
        timezone: the zone they are in.
        received_at_us: reception [us since 1970 UTC], or None.
    """
    instants = [
        (time.replace(tzinfo=timezone, fold=fold) - _EPOCH) // _TICK for time in times for fold in (0, 1)
    ]
    if not instants:
        return None
    if received_at_us is None:
        return instants[0]
    return min(instants, key=lambda instant: abs(instant - received_at_us))


def zone_of(clock: Clock, city: ZoneInfo) -> ZoneInfo:
    """Give the zone that a clock runs in."""
    return city if clock.zone is None else ZoneInfo(clock.zone)
