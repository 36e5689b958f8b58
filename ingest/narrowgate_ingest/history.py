"""What came in, in its order: from the archive as far as the journal was trimmed, then from the journal.

Rule 1: a frame comes once, whichever of the two has it; what was erased does not come.
"""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from narrowgate_ingest.archive_files import Archived, Part, day_of, parts_of, reading
from narrowgate_ingest.batch import Batch, batch_of
from narrowgate_ingest.tail import Tail
from narrowgate_schema.tables import TICKS, UPLINKS

_ROWS = 1 << 15


class History:
    """Frames and ticks from an instant up to a journal offset."""

    def __init__(self, archive: Path, tail: Tail) -> None:
        """Take an archive, which need not be there, and a reader of the journal that nobody else uses."""
        self._archive = archive
        self._tail = tail

    def batches(self, from_us: int, until: int, devices: Sequence[str] = ()) -> Iterator[Batch]:
        """Yield what came in from an instant on, in the order of offsets.

        Args:
            from_us: arrivals before are left out [us].
            until: journal offset behind the last row.
            devices: frames of these only; of all where it is empty. Ticks come always.

        Raises:
            OSError, ValueError, pyarrow.ArrowException: something cannot be read.
        """
        start = self._tail.start()
        for batch in self._archived(from_us, min(start, until)):
            yield _only(batch, from_us, devices)
        offset = start
        while offset < until:
            chunk = self._tail.read(offset, _ROWS)
            if chunk.next_offset == offset:
                raise OSError(5, "the journal does not hold what was read of it", str(self._tail.directory))
            batch = batch_of(chunk, offset, until)
            yield _only(batch, from_us, devices)
            offset = batch.end

    def _archived(self, from_us: int, until: int) -> Iterator[Batch]:
        """Yield what the archive has before an offset, a stretch of rows at a time."""
        day = day_of(max(0, from_us))
        parts = [
            part
            for part in parts_of(self._archive)
            if part.kind is not Archived.READINGS and part.first < until and part.day >= day
        ]
        for first in sorted({part.first for part in parts}):
            own = [part for part in parts if part.first == first]
            end = min(until, max(part.until for part in own))
            for start in range(first, end, _ROWS):
                stop = min(start + _ROWS, end)
                uplinks = _rows(own, Archived.FRAMES, "frame", UPLINKS, (start, stop))
                ticks = _rows(own, Archived.TICKS, "tick", TICKS, (start, stop))
                if uplinks.num_rows or ticks.num_rows:
                    yield Batch(start, stop, 0, uplinks, ticks, [])


def _rows(
    parts: Sequence[Part], kind: Archived, key: str, schema: pa.Schema, within: tuple[int, int]
) -> pa.RecordBatch:
    """Give the rows of some parts within [start, stop), in order."""
    wanted = [(key, ">=", within[0]), (key, "<", within[1])]
    tables = []
    for path in (part.path for part in parts if part.kind is kind):
        with reading(path):
            found = pq.read_table(path, filters=wanted, partitioning=None)
            tables.append(found.select(schema.names).cast(schema))
    table = pa.concat_tables([schema.empty_table(), *tables]).sort_by(key).combine_chunks()
    batches = table.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


def _only(batch: Batch, from_us: int, devices: Sequence[str]) -> Batch:
    since = pa.scalar(from_us, pa.int64())
    uplinks, ticks = batch.uplinks, batch.ticks
    wanted = pc.and_(
        pc.greater_equal(uplinks["received_at"].cast(pa.int64()), since),
        pc.not_equal(uplinks["listener"], ""),
    )
    if devices:
        named = pa.array(list(devices), pa.string())
        wanted = pc.and_(wanted, pc.is_in(uplinks["claimed_device"], value_set=named))
    passing = pc.greater_equal(ticks["time"].cast(pa.int64()), since)
    return Batch(
        batch.start, batch.end, 0, uplinks.filter(wanted), ticks.filter(passing), [], dict(batch.brands)
    )


def cut_at(batch: Batch, instants_us: Sequence[int]) -> list[tuple[int, Batch]]:
    """Cut a batch where the registry changed; give each part with the instant of its first row [us]."""
    offsets, times_us = batch.arrivals_us()
    if len(offsets) == 0:
        return []
    turn = np.searchsorted(np.asarray(instants_us, np.int64), times_us, side="right")
    places = [0, *(np.flatnonzero(np.diff(turn)) + 1).tolist(), len(offsets)]
    parts = []
    for first, last in itertools.pairwise(places):
        low, high = int(offsets[first]), int(offsets[last - 1])
        own = Batch(
            low, high + 1, 0, _between(batch.uplinks, low, high), _between(batch.ticks, low, high), []
        )
        parts.append((int(times_us[first]), own))
    return parts


def _between(rows: pa.RecordBatch, low: int, high: int) -> pa.RecordBatch:
    return rows.filter(pc.and_(pc.greater_equal(rows[0], low), pc.less_equal(rows[0], high)))
