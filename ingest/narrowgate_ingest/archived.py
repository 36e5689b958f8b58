"""Readings out of the archive, for whoever reads on where telemetry has let go of them.

Rows come as they came in, those of frames that were run again in their newer form: where the archive has not
taken these yet, telemetry holds them.
"""

import errno
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from narrowgate_ingest.archive_files import Archived, Part, parts_of
from narrowgate_ingest.compaction import KEY
from narrowgate_ingest.retention import newest_let_go
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family

_TRIES = 3
_ANY_FRAME = 1 << 63
_UNREADABLE = (ValueError, pa.ArrowException)


@dataclass(frozen=True)
class Reached:
    """How far the archive is."""

    rows: int
    """Journal offset up to which it is written."""
    again: int
    """Number of frames run again that it holds in their newer form."""


class ArchivedReadings:
    """The archive's readings as they are to be read."""

    def __init__(
        self,
        root: Path,
        telemetry: Telemetry,
        reached: Callable[[], Reached],
        pause: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Read the archive of a home.

        Args:
            root: the archive's directory.
            telemetry: the store that lets go of rows.
            reached: says how far the archive is; any thread may ask.
            pause: holds the archive's writer off while parts are read.
        """
        self._root = root
        self._telemetry = telemetry
        self._reached = reached
        self._pause = pause
        self._known: tuple[Reached, dict[str, list[Part]]] = (Reached(-1, -1), {})
        self._spans: dict[Path, tuple[int, int]] = {}
        """From which frame until which parts of frames run again reach; one that is rewritten shrinks."""

    def boundary(self) -> int:
        """Give the journal offset before which readings were let go of, of some family at least."""
        return newest_let_go(self._telemetry)

    def frames(self, start: int, until: int) -> NDArray[np.int64]:
        """Give the frame of each reading of [start, until), ascending."""
        with self._pause():
            parts = [self._between(family, start, until, ["frame"])["frame"] for family in Family]
        return np.sort(np.concatenate([part.to_numpy() for part in parts]).astype(np.int64, copy=False))

    def between(self, family: Family, start: int, until: int) -> pa.Table:
        """Give the readings of the frames [start, until).

        Raises:
            OSError: a part cannot be read; it is named.
            duckdb.Error: telemetry could not be read.
        """
        with self._pause():
            return self._between(family, start, until, READINGS[family].names)

    def of_frames(self, family: Family, frames: Collection[int]) -> pa.Table:
        """Give the readings of some frames; raises as `between`."""
        if not frames:
            return READINGS[family].empty_table()
        named = pa.array(sorted(frames), pa.int64())
        with self._pause():
            return self._read(
                family, pc.field("frame").isin(named), (min(frames), max(frames) + 1), READINGS[family].names
            )

    def of_keys(self, family: Family, keys: pa.Table) -> pa.Table:
        """Give the readings of some keys, a table of device, series and time; raises as `between`."""
        if not keys.num_rows:
            return READINGS[family].empty_table()
        span = pc.min_max(keys["time"]).as_py()
        near = (
            pc.field("device").isin(keys["device"].combine_chunks().unique())
            & (pc.field("time") >= span["min"])
            & (pc.field("time") <= span["max"])
        )
        with self._pause():
            found = self._read(family, near, (0, self._reached().rows), READINGS[family].names)
        sql = f"SELECT found.* FROM found SEMI JOIN keys USING ({KEY})"  # noqa: S608 - our own words
        return _fitted(self._telemetry.query(sql, (), {"found": found, "keys": keys}), family)

    def beside(self, family: Family, rows: pa.RecordBatch, but: Collection[int]) -> pa.RecordBatch:
        """Give what stands here of the keys of some rows, but of some frames.

        Keys are asked about only where a row is of a frame that telemetry may have let go of.
        """
        old = rows.filter(pc.less(rows["frame"], self.boundary()))
        keys = pa.Table.from_batches([old]).select(["device", "series", "time"])
        found = self.of_keys(family, keys)
        kept = found.filter(pc.invert(pc.is_in(found["frame"], value_set=pa.array(sorted(but), pa.int64()))))
        return kept.combine_chunks().to_batches()[0] if kept.num_rows else rows.slice(0, 0)

    def _between(self, family: Family, start: int, until: int, names: Sequence[str]) -> pa.Table:
        within = (pc.field("frame") >= start) & (pc.field("frame") < until)
        return self._read(family, within, (start, until), names)

    def _read(
        self, family: Family, wanted: pc.Expression, span: tuple[int, int], names: Sequence[str]
    ) -> pa.Table:
        """Give wanted rows of the frames [start, until): from the parts, what is newer from telemetry."""
        reached = self._reached()
        newer = self._telemetry.query("SELECT DISTINCT frame FROM again WHERE number > $1", [reached.again])
        frames = newer["frame"].combine_chunks().cast(pa.int64())
        tables = self._from_parts(family, wanted & ~pc.field("frame").isin(frames), span, reached)
        if len(frames):
            sql = f"SELECT * FROM {family}_rows SEMI JOIN newer USING (frame)"  # noqa: S608 - a closed set
            tables.append(_fitted(self._telemetry.query(sql, (), {"newer": newer}), family).filter(wanted))
        return pa.concat_tables([READINGS[family].empty_table(), *tables]).select(list(names))

    def _from_parts(
        self, family: Family, wanted: pc.Expression, span: tuple[int, int], reached: Reached
    ) -> list[pa.Table]:
        for left in reversed(range(_TRIES)):
            try:
                own = [part for part in self._parts(family, reached) if self._is_within(part, span)]
                return [_fitted(_table(part, wanted), family) for part in own]
            except FileNotFoundError:  # too old, or its last row was erased
                self._known = (Reached(-1, -1), {})
                if not left:
                    raise
        return []

    def _is_within(self, part: Part, span: tuple[int, int]) -> bool:
        """Tell whether a part may have rows of the frames [start, until)."""
        first, until = part.first, part.until
        if part.again:
            if part.path not in self._spans:
                self._spans[part.path] = _span(part)
            first, until = self._spans[part.path]
        return first < span[1] and until > span[0]

    def _parts(self, family: Family, reached: Reached) -> list[Part]:
        known, parts = self._known
        if known != reached:
            parts = {}
            for part in parts_of(self._root, Archived.READINGS):
                parts.setdefault(part.family, []).append(part)
            self._known = (reached, parts)
            there = {part.path for each in parts.values() for part in each}
            self._spans = {path: span for path, span in self._spans.items() if path in there}
        return parts.get(family.value, [])


def _span(part: Part) -> tuple[int, int]:
    """Give from which frame until which a part reaches, by what the file says of itself."""
    with _named(part):
        said = pq.read_metadata(part.path)
        place = said.schema.to_arrow_schema().names.index("frame")
        groups = [said.row_group(each).column(place).statistics for each in range(said.num_row_groups)]
    if not all(each is not None and each.has_min_max for each in groups):
        return 0, _ANY_FRAME
    return min((each.min for each in groups), default=0), max((each.max + 1 for each in groups), default=0)


def _table(part: Part, wanted: pc.Expression) -> pa.Table:
    with _named(part):
        return pq.read_table(part.path, filters=wanted, partitioning=None)


@contextmanager
def _named(part: Part) -> Iterator[None]:
    """Read a part in this block; OSError names it if it cannot be read."""
    try:
        yield
    except _UNREADABLE as error:
        raise OSError(errno.EIO, f"no part of an archive: {error}", str(part.path)) from None


def _fitted(table: pa.Table, family: Family) -> pa.Table:
    """Give rows with the columns of today; what is not there is missing."""
    schema = READINGS[family]
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.schema.names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
