"""One pipeline batch: rows of the journal in order, uplinks and ticks apart."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Chunk, Damage
from narrowgate_schema.tables import TICKS, UPLINKS


@dataclass(frozen=True)
class Batch:
    """Journal rows [start, end)."""

    start: int
    end: int
    frames_end: int
    """Frames ever journalled up to `end`; 0 where the batch cannot tell."""
    uplinks: pa.RecordBatch
    ticks: pa.RecordBatch
    damage: list[Damage]
    brands: dict[int, bytes] = field(default_factory=dict)
    """Of the journal's segments that the rows came from, by their first offsets."""

    def arrivals_us(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the offsets (n,) of all rows, ascending, and when each came in (n,) [us]."""
        offsets = np.concatenate([_ints(self.uplinks["frame"]), _ints(self.ticks["tick"])])
        times = np.concatenate([_ints(self.uplinks["received_at"]), _ints(self.ticks["time"])])
        order = np.argsort(offsets, kind="stable")
        return offsets[order], times[order]


def batch_of(chunk: Chunk, start: int, limit: int | None) -> Batch:
    """Give a chunk as a batch, cut at the offset `limit` where one is given."""
    end = chunk.next_offset if limit is None else min(chunk.next_offset, limit)
    return Batch(
        start=start,
        end=end,
        frames_end=chunk.frames_end if end == chunk.next_offset else 0,
        uplinks=_joined(chunk, Kind.UPLINKS, UPLINKS, end),
        ticks=_joined(chunk, Kind.TICKS, TICKS, end),
        damage=[damage for damage in chunk.damage if damage.first_offset < end],
        brands={first: brand for first, brand in chunk.brands.items() if first < end},
    )


def _joined(chunk: Chunk, kind: Kind, schema: pa.Schema, end: int) -> pa.RecordBatch:
    parts = [batch for each, batch in chunk.records if each is kind]
    table = pa.Table.from_batches(parts, schema).combine_chunks()
    table = table.filter(pc.less(table[0], end))
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


def _ints(column: pa.Array) -> NDArray[np.int64]:
    return np.asarray(column.cast(pa.int64()), dtype=np.int64)
