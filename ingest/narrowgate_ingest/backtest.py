"""Rules over recorded readings: what they would have raised, by the same engine as live."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from narrowgate_ingest.recorded import Recording
from narrowgate_rules import Engine, FleetColumns, Ticks
from narrowgate_rules.columns import Instants
from narrowgate_schema.words import Family

BATCH_ROWS = 100_000
TICK_US = 60_000_000
QUIET_TICK_US = 10 * TICK_US
"""How far apart ticks are while nothing is read [us]: as far as the rules of silence bear."""
AWAY_US = 25 * 60 * TICK_US
"""A recording in which nobody was heard for so long may have been interrupted [us]."""
_EARLIEST_US = 1_420_070_400_000_000


class Findings:
    """The last version of every finding, in order of their raising; those taken back are left out."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Any]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Take new versions."""
        for row in batch.to_pylist():
            self._last[row["finding"]] = row

    def episodes(self) -> list[dict[str, Any]]:
        """Give the rows."""
        kept = [row for row in self._last.values() if '"retracted": true' not in row["evidence"]]
        return sorted(kept, key=lambda row: (row["raised_at"], row["rule"], row["device"], row["series"]))


class Ticking:
    """Makes the ticks that a gateway would have seen between the readings, and numbers both.

    A tick comes in the minute before a reading, and every ten minutes between readings further apart, so that
    silence is heard. Where nobody at all was heard for longer than `AWAY_US`, the recorder may be away:
    one tick then says so.
    """

    def __init__(self) -> None:
        self._passed_us, self._frame = 0, 0

    def between(self, came_us: Instants) -> tuple[Instants, Ticks]:
        """Give each reading's frame, (n,), and the ticks up to a batch's last reading.

        Args:
            came_us: (n,) when the readings came in, not decreasing [us].
        """
        count, newest_us = np.zeros(len(came_us), np.int64), np.zeros(len(came_us), np.int64)
        row = np.flatnonzero(came_us >= _EARLIEST_US)
        if len(row):
            begin_us = self._passed_us or int(came_us[row[0]])
            newest_us[row] = (came_us[row] - 1) // TICK_US * TICK_US
            before_us = np.maximum.accumulate(np.concatenate([[begin_us], newest_us[row[:-1]]]))
            gap_us = newest_us[row] - before_us
            count[row] = np.where(gap_us > AWAY_US, 1, np.maximum(-(-gap_us // QUIET_TICK_US), 0))
            self._passed_us = max(begin_us, int(newest_us[row[-1]]))
        frames = self._frame + 1 + np.arange(len(came_us)) + np.cumsum(count)
        self._frame = int(frames[-1]) if len(frames) else self._frame
        owner = np.repeat(np.arange(len(count)), count)
        back = np.repeat(np.cumsum(count), count) - np.arange(len(owner))
        return frames, Ticks(frames[owner] - back, newest_us[owner] - (back - 1) * QUIET_TICK_US)


def run(
    recording: Recording,
    engines: Sequence[Engine],
    fleet: FleetColumns,
    now_us: int,
    progress: Callable[[int], None] | None = None,
    *,
    causes: bool = False,
) -> list[Findings]:
    """Give what each engine finds in a recording.

    Args:
        recording: the readings.
        engines: fresh ones; all hear the same.
        fleet: the registry.
        now_us: no reading can have come in later [us].
        progress: is told the rows of each batch.
        causes: give what the desk would be told, by engines with groups, not each finding.
    """
    found = [Findings() for _ in engines]
    for readings, ticks in heard(recording, now_us):
        for engine, findings in zip(engines, found, strict=True):
            judged = engine.judge(readings, ticks, fleet)
            findings.add(judged.causes if causes else judged.findings)
        if progress is not None:
            progress(sum(batch.num_rows for batch in readings.values()))
    return found


def heard(recording: Recording, now_us: int) -> Iterator[tuple[dict[Family, pa.RecordBatch], Ticks]]:
    """Give the readings of a recording as they came in, and the ticks between them, batch by batch.

    No reading can have come in later than `now_us` [us].
    """
    ticking = Ticking()
    for batch in recording.batches(BATCH_ROWS, now_us):
        if batch.num_rows:
            came_us = batch.column("received_at").cast(pa.int64()).to_numpy()
            frames, ticks = ticking.between(came_us)
            place = batch.schema.get_field_index("frame")
            numbered = batch.set_column(place, batch.schema.field(place), pa.array(frames))
            yield {recording.family: numbered}, ticks


def difference(
    before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """Give the episodes that only one of two sets of rules finds, or that they find otherwise.

    Returns:
        ('only_before' | 'only_after' | 'changed', row), by time of raising; of a changed one the row after.
    """
    old = {_name(row): row for row in before}
    new = {_name(row): row for row in after}
    told = [("only_before", row) for name, row in old.items() if name not in new]
    told += [("only_after", row) for name, row in new.items() if name not in old]
    told += [("changed", row) for name, row in new.items() if name in old and _said(row) != _said(old[name])]
    return sorted(told, key=lambda one: (one[1]["raised_at"], one[1]["rule"], one[1]["device"]))


def _name(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["rule"], row["device"], row["series"], row["raised_at"])


def _said(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["cleared_at"], row["severity"], row["state"])
