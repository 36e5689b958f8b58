"""Where telemetry's readings go when it lets go of them, as those see it that read on from there."""

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family


class Older(Protocol):
    """Where readings stand that telemetry let go of; all raise OSError where it cannot be read."""

    def boundary(self) -> int:
        """Give the journal offset before which readings were let go of."""
        ...

    def frames(self, start: int, until: int) -> NDArray[np.int64]:
        """Give the frame of each reading of [start, until), ascending."""
        ...

    def between(self, family: Family, start: int, until: int) -> pa.Table:
        """Give the readings of the frames [start, until)."""
        ...

    def of_frames(self, family: Family, frames: Collection[int]) -> pa.Table:
        """Give the readings of some frames."""
        ...

    def of_keys(self, family: Family, keys: pa.Table) -> pa.Table:
        """Give the readings of some keys: device, series, time."""
        ...

    def beside(self, family: Family, rows: pa.RecordBatch, but: Collection[int]) -> pa.RecordBatch:
        """Give what stands there of the keys of some rows, but of some frames."""
        ...


class Store(Protocol):
    """Telemetry, as far as it is asked here."""

    older: Older | None

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Give the rows of a SELECT."""
        ...


def rows_of_frames(store: Store, family: Family, frames: Collection[int]) -> pa.Table:
    """Give the readings of some frames: those that stand in a store, and those that it let go of.

    Raises:
        duckdb.Error, OSError: one of them could not be read.
    """
    names = ", ".join(f'"{name}"' for name in READINGS[family].names)
    sql = f"SELECT {names} FROM {family}_rows WHERE frame IN (SELECT unnest($1::BIGINT[]))"  # noqa: S608
    here = store.query(sql, [list(frames)]).cast(READINGS[family])
    older = store.older
    boundary = older.boundary() if older is not None else 0
    gone = [frame for frame in frames if frame < boundary]
    if older is None or not gone:
        return here
    found = older.of_frames(family, gone)
    missing = pc.invert(pc.is_in(found["frame"], value_set=here["frame"].combine_chunks()))
    return pa.concat_tables([here, found.filter(missing)])
