"""The stretch of event time that a city lives through, and what its local clocks show."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_US = 1_420_070_400 * SECOND_US


@dataclass(frozen=True)
class Span:
    """Event time from `start_us` (excluded) for `hours` hours, in one city's time zone."""

    start_us: int
    hours: float
    zone: ZoneInfo

    def __post_init__(self) -> None:
        """Check the bounds."""
        if not 0 < self.hours <= 24 * 366:
            raise ValueError(f"hours: {self.hours} is not in (0, {24 * 366}]")
        if self.start_us < _EARLIEST_US:
            raise ValueError(f"start_us: {self.start_us} is before 2015, when no such clock was set")
        if self.start_us % SECOND_US:
            raise ValueError(f"start_us: {self.start_us} is no whole second")

    @property
    def end_us(self) -> int:
        """Give the last instant [us]."""
        return self.start_us + round(self.hours * HOUR_US)

    def local_hours(self, times_us: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the hour of the local day in [0, 24), same shape as `times_us`."""
        hours, inverse = np.unique(times_us // HOUR_US, return_inverse=True)
        offsets_us = np.array([self._offset_us(int(hour)) for hour in hours], dtype=np.int64)
        local_us = times_us + offsets_us[inverse].reshape(times_us.shape)
        return np.asarray((local_us % (24 * HOUR_US)) / HOUR_US)

    def local_clock(self, time_us: int) -> datetime:
        """Give what a clock of the city shows, without zone."""
        instant = _EPOCH + timedelta(microseconds=time_us)
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def _offset_us(self, hour: int) -> int:
        offset = (_EPOCH + timedelta(hours=hour)).astimezone(self.zone).utcoffset() or timedelta(0)
        return offset // timedelta(microseconds=1)


def whole_seconds_us(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give seconds without their fraction, as microseconds."""
    return np.asarray(seconds).astype(np.int64) * SECOND_US


def iso_utc(time_us: int) -> str:
    """Give an instant [us] as ISO 8601 text in UTC."""
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")
