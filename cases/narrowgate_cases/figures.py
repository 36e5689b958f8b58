"""The figures that desks and contractors are judged by, as of any day, from the history alone.

* A case is **due** once its limit has passed or it is closed; void and merged ones never are.
* 结案率 closing rate = closed / (due - deferred).
* 按期结案率 in-time rate = closed in time / (due - deferred).
* In time is what was said to be mended, for the last time, before its limit was reached.
* Repair time = when it was said to be mended - when it was reported; the mean is over closed cases.
* Reopened rate = closed or still due cases that came back at least once / due.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_EARLIEST_US = -(2**62)


class By(StrEnum):
    """What figures are told apart by."""

    ALL = "all"
    UNIT = "unit"
    """Department or contractor."""
    ROAD_CLASS = "road_class"
    DISTRICT = "district"
    SERVICE = "service"
    SEVERITY = "severity"


_COLUMNS = {
    By.ALL: "''",
    By.UNIT: "last.unit",
    By.ROAD_CLASS: "cases.road_class",
    By.DISTRICT: "cases.district",
    By.SERVICE: "cases.service",
    By.SEVERITY: "cases.severity",
}


@dataclass(frozen=True)
class Figures:
    """The figures of one group of cases as of an instant."""

    key: str | None
    """The unit, road class, …; None: it is not known."""
    reported: int
    due: int
    deferred: int
    """Of those due."""
    closed: int
    """Of those due."""
    in_time: int
    """Of those closed."""
    reopened: int
    """Of those due."""
    mean_repair_s: float | None
    """Over those closed; None without any."""

    @property
    def closing_rate(self) -> float | None:
        """Give 结案率; None where nothing was due."""
        return _share(self.closed, self.due - self.deferred)

    @property
    def in_time_rate(self) -> float | None:
        """Give 按期结案率; None where nothing was due."""
        return _share(self.in_time, self.due - self.deferred)

    @property
    def reopened_rate(self) -> float | None:
        """Give the share of cases that came back; None where nothing was due."""
        return _share(self.reopened, self.due)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


_SQL = """
WITH ends AS (
    SELECT case_id, max(id) AS last_id,
        max(CASE WHEN step = 'resolved' THEN id END) AS mended_id,
        max(step IN ('reopened', 'reworked')) AS came_back
    FROM case_steps WHERE at_us < :until GROUP BY case_id
), standing AS (
    SELECT {key} AS key, last.state AS state, ends.came_back AS came_back, cases.opened_at AS opened_at,
        last.due_at AS due_at, coalesce(mended.at_us, last.at_us) AS mended_at,
        last.state NOT IN ('void', 'merged') AND (last.state = 'closed' OR last.due_at < :until) AS is_due
    FROM ends JOIN cases ON cases.id = ends.case_id JOIN case_steps AS last ON last.id = ends.last_id
        LEFT JOIN case_steps AS mended ON mended.id = ends.mended_id
    WHERE cases.opened_at >= :since
)
SELECT key, count(*), coalesce(sum(is_due), 0),
    coalesce(sum(is_due AND state = 'deferred'), 0),
    coalesce(sum(is_due AND state = 'closed'), 0),
    coalesce(sum(is_due AND state = 'closed' AND (due_at IS NULL OR mended_at <= due_at)), 0),
    coalesce(sum(is_due AND came_back), 0),
    avg(CASE WHEN is_due AND state = 'closed' THEN (mended_at - opened_at) / 1e6 END)
FROM standing GROUP BY key ORDER BY key IS NULL, key
"""


def figures(
    connection: sqlite3.Connection, until_us: int, by: By = By.ALL, since_us: int | None = None
) -> list[Figures]:
    """Give the figures as they stood at an instant, whatever has happened since.

    Args:
        connection: reads the state database.
        until_us: the end of the day that is asked for [us].
        by: what they are told apart by.
        since_us: only cases reported from there on [us]; None = all.
    """
    asked = {"until": until_us, "since": _EARLIEST_US if since_us is None else since_us}
    return _rows(connection.execute(_SQL.format(key=_COLUMNS[by]), asked))


def _rows(rows: Iterable[tuple[str | None, int, int, int, int, int, int, float | None]]) -> list[Figures]:
    return [Figures(*row) for row in rows]
