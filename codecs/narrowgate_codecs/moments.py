"""Instants in UTC that several numbers of a frame make together, by row and by plan."""

from datetime import UTC, datetime, timedelta
from typing import Any

import construct as c
import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort
from narrowgate_codecs.plan_leaves import Wants, raw_name
from narrowgate_codecs.scope import Said, Scope, Wanted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR = 2099
_HOUR_US = 3_600_000_000
_MONTHS = np.arange(np.datetime64("1970-01"), np.datetime64("2100-02"))
_FIRST_DAYS = _MONTHS.astype("M8[D]").astype(np.int64)
"""Day since 1970 of the first of each month from January 1970 on."""


def parts_of(element: el.Moment) -> tuple[str, ...]:
    """Give the names of the numbers that make the instant: year, month, day and, if there is one, hour."""
    parts = (element.year, element.month, element.day)
    return parts if element.hour is None else (*parts, element.hour)


def moment_us(element: el.Moment, raw: tuple[int, ...]) -> int | None:
    """Give the instant that numbers mean [us since 1970 UTC]; None if they are no time of the century."""
    year, month, day, *rest = raw
    if not element.earliest_year <= element.since + year <= _LAST_YEAR:
        return None
    try:
        instant = datetime(element.since + year, month, day, rest[0] if rest else 0, tzinfo=UTC)
    except ValueError:
        return None
    return (instant - _EPOCH) // timedelta(microseconds=1)


def moment_value(element: el.Moment, raw: tuple[int, ...], scope: Scope) -> str | None:
    """Give the instant as ISO 8601; None if there is none."""
    instant_us = moment_us(element, raw)
    if instant_us is None:
        return None
    return (_EPOCH + timedelta(microseconds=instant_us)).isoformat().replace("+00:00", "Z")


class MomentConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Keeps the numbers where they are known; nothing is read or written."""

    def __init__(self, element: el.Moment) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        raw = tuple(scope.find(name) for name in parts_of(self.element))
        scope.said.append(Said(self.element, raw, stream.tell(), stream.tell()))

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        return obj


class MomentStep:
    """The same for columns: instants [us since 1970 UTC] where there is one."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Moment, wants: Wants) -> None:
        self.leaf = leaf
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the instants."""
        leaf = self.leaf
        year, month, day, *rest = (cohort.heard(raw_name(name)).astype(np.int64) for name in parts_of(leaf))
        year, hour = year + leaf.since, rest[0] if rest else np.zeros(cohort.count, np.int64)
        said = (year >= leaf.earliest_year) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)
        months = np.where(said, 12 * (year - 1970) + month - 1, 0)
        first: NDArray[np.int64] = _FIRST_DAYS[months]
        said &= (day >= 1) & (day <= _FIRST_DAYS[months + 1] - first) & (hour >= 0) & (hour <= 23)
        cohort.say(raw_name(leaf.name), ((first + day - 1) * 24 + hour) * _HOUR_US, said)
