"""A case's clock: how much of its limit is gone, when it will be reached, and the light that says so.

Rule 1: a clock runs in the states of RUNNING_STATES and stands in all others: agreed suspension (挂账) and
what is said to be mended are the only pauses.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from narrowgate_cases.working_calendar import DAY_US, NoWorkingTime, WorkingCalendar

WARNS_AT = Fraction(4, 5)
"""The share of its limit at which a case's light turns yellow."""
_HOUR_US = 3_600_000_000
_LIMIT = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(h|d|wh|wd)")
_LONGEST_US = 3660 * DAY_US


class Light(StrEnum):
    """How a case's time stands."""

    GREEN = "green"
    YELLOW = "yellow"
    """Four fifths of its time are gone."""
    RED = "red"
    """Its time is up."""
    NONE = "none"
    """It has no limit, or its clock stands."""


@dataclass(frozen=True)
class Limit:
    """How long a case may take."""

    amount_us: int
    is_working: bool
    """Whether it runs in working time only, or round the clock."""


def limit_of(text: str, calendar: WorkingCalendar) -> Limit:
    """Read a limit: `4h` and `2d` run round the clock, `4wh` and `2wd` in working hours and days.

    Raises:
        ValueError: it is none.
    """
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no limit such as 4h, 2d, 4wh or 2wd")
    unit_us = {"h": _HOUR_US, "d": DAY_US, "wh": _HOUR_US, "wd": calendar.day_us}[match[2]]
    amount_us = int(Fraction(match[1]) * unit_us)
    if not 0 < amount_us <= _LONGEST_US:
        raise ValueError(f"{text!r} is no limit of more than nothing and at most ten years")
    return Limit(amount_us, match[2].startswith("w"))


@dataclass(frozen=True)
class CaseClock:
    """One case's clock."""

    limit: Limit | None = None
    spent_us: int = 0
    """What was gone when it last began to run."""
    running_since: int | None = None
    """When it last began to run [us]; None while it stands."""

    def gone_us(self, at_us: int, calendar: WorkingCalendar) -> int:
        """Give how much of the limit is gone at an instant [us]."""
        if self.running_since is None:
            return self.spent_us
        if self.limit is not None and self.limit.is_working:
            return self.spent_us + calendar.between_us(self.running_since, at_us)
        return self.spent_us + max(0, at_us - self.running_since)

    def reaches_us(self, share: Fraction, calendar: WorkingCalendar) -> int | None:
        """Give when a share of the limit is gone, if it runs on [us]; None while it stands, or never."""
        if self.limit is None or self.running_since is None:
            return None
        left_us = int(self.limit.amount_us * share) - self.spent_us
        if not self.limit.is_working or left_us <= 0:
            return self.running_since + left_us
        try:
            return calendar.after_us(self.running_since, left_us)
        except NoWorkingTime:
            return None

    def light(self, at_us: int, calendar: WorkingCalendar) -> Light:
        """Give its light at an instant [us]: green to 80 %, yellow to 100 %, red after."""
        if self.limit is None:
            return Light.NONE
        if self._is_past(Fraction(1), at_us, calendar):
            return Light.RED
        return Light.YELLOW if self._is_past(WARNS_AT, at_us, calendar) else Light.GREEN

    def _is_past(self, share: Fraction, at_us: int, calendar: WorkingCalendar) -> bool:
        """Say whether an instant lies behind the one at which a share of the limit was gone.

        What is due by the end of a working day is late that evening, though no working time has passed since.
        """
        if self.running_since is None:
            return self.limit is not None and self.spent_us > self.limit.amount_us * share
        reached_us = self.reaches_us(share, calendar)
        return reached_us is not None and at_us > reached_us

    def run(self, at_us: int) -> "CaseClock":
        """Give it running from an instant [us] on; it runs on if it does already."""
        return self if self.running_since is not None else replace(self, running_since=at_us)

    def stand(self, at_us: int, calendar: WorkingCalendar) -> "CaseClock":
        """Give it standing from an instant [us] on."""
        return replace(self, spent_us=self.gone_us(at_us, calendar), running_since=None)

    def limited(self, limit: Limit | None, at_us: int, calendar: WorkingCalendar) -> "CaseClock":
        """Give it under another limit; what is gone by the old one's kind of time stays gone."""
        if limit == self.limit:
            return self
        was_running = self.running_since is not None
        stood = replace(self.stand(at_us, calendar), limit=limit)
        return stood.run(at_us) if was_running else stood

    def extended(self, by_us: int) -> "CaseClock":
        """Give it with more time.

        Raises:
            ValueError: it has no limit, or nothing is added, or more than ten years.
        """
        if self.limit is None:
            raise ValueError("it has no limit that could be extended")
        if not 0 < by_us <= _LONGEST_US - self.limit.amount_us:
            raise ValueError("an extension is more than nothing, and a limit at most ten years")
        return replace(self, limit=replace(self.limit, amount_us=self.limit.amount_us + by_us))
