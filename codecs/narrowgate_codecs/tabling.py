"""From columns of readings to Arrow: one batch a family, rows in frame order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Column, Mask, all_in, any_in
from narrowgate_codecs.context import Context
from narrowgate_codecs.mapping import Measures
from narrowgate_codecs.rows import RADIO, Row, readings_batch
from narrowgate_codecs.wire import Places
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

_EMPTY = {family: readings_batch(family, []) for family in Family}
_NUMPY: dict[pa.DataType, Any] = {
    pa.float64(): np.float64,
    pa.int64(): np.int64,
    pa.bool_(): np.bool_,
    pa.string(): np.int32,
}
"""What a column is filled as; words as numbers."""


@dataclass
class Origins:
    """What readings have from their uplinks."""

    uplinks: pa.RecordBatch
    context: Context

    @cached_property
    def devices(self) -> pa.Array:
        """The senders, (n,)."""
        return pa.array(self.context.devices, pa.string())

    def taken(self, name: str, rows: Places) -> pa.Array:
        """Give a column for some rows of the uplinks."""
        column = self.devices if name == "device" else self.uplinks.column(name)
        every = len(rows) == len(column) and bool((rows == np.arange(len(rows))).all())
        return column if every else column.take(pa.array(rows))


def family_batch(
    family: Family,
    planned: Sequence[tuple[str, Measures]],
    read: Sequence[tuple[int, Row]],
    origins: Origins,
) -> pa.RecordBatch:
    """Give a family's readings.

    Args:
        family: which.
        planned: profile and columns, rows numbered as in the uplinks.
        read: the rows that the row engine gave, with the number of their uplink.
        origins: what the uplinks say.
    """
    if not planned and not read:
        return _EMPTY[family]
    if not planned:
        return _in_order([readings_batch(family, [row for _, row in read])], _numbers(read))
    joint = _Joint(planned)
    made = joint.batch(family, origins)
    if not read:
        return made
    batches = [made, readings_batch(family, [row for _, row in read])]
    return _in_order(batches, np.concatenate([joint.rows, _numbers(read)]))


def _numbers(read: Sequence[tuple[int, Row]]) -> Places:
    return np.array([at for at, _ in read], np.int64)


def _in_order(batches: list[pa.RecordBatch], rows: Places) -> pa.RecordBatch:
    """Join batches in the order of their rows' uplinks."""
    order = rows.argsort(kind="stable")
    (batch,) = pa.Table.from_batches(batches).take(pa.array(order)).combine_chunks().to_batches()
    return batch


@dataclass(slots=True)
class _Filling:
    """A column that is filled a part at a time."""

    values: NDArray[Any]
    null: Mask
    words: list[str]

    def fill(self, first: int, column: Column, words: Sequence[str]) -> None:
        """Put a part's values where they are said; those of other parts stay."""
        part = slice(first, first + len(column.values))
        values = column.values.astype(np.int32) + len(self.words) if words else column.values
        self.words += words
        if column.said is None:
            self.values[part], self.null[part] = values, False
        else:
            self.values[part] = np.where(column.said, values, self.values[part])
            self.null[part] &= ~column.said

    def array(self, order: Places | None, dtype: pa.DataType) -> pa.Array:
        """Give the column in an order; None: as it is."""
        values, null = (self.values, self.null) if order is None else (self.values[order], self.null[order])
        made = pa.array(values, mask=null if any_in(null) else None)
        return pa.array(self.words, dtype).take(made) if dtype == pa.string() else made


class _Joint:
    """The readings of several mappings, filled together into one batch."""

    def __init__(self, planned: Sequence[tuple[str, Measures]]) -> None:
        self.planned = planned
        sizes = np.array([len(measures.rows) for _, measures in planned], np.int64)
        self.firsts = (np.cumsum(sizes) - sizes).tolist()
        rows = np.concatenate([measures.rows for _, measures in planned])
        self.order = None if all_in(rows[1:] >= rows[:-1]) else rows.argsort(kind="stable")
        self.rows: Places = rows if self.order is None else rows[self.order]
        """(n,) Numbers of the uplinks, ascending."""
        self.said = self._by_field()
        """By field, what mappings say of it, each with its first row and its words."""

    def _by_field(self) -> dict[str, list[tuple[int, Column, Sequence[str]]]]:
        said: dict[str, list[tuple[int, Column, Sequence[str]]]] = {}
        for first, (_, measures) in zip(self.firsts, self.planned, strict=True):
            if measures.unsynchronised is not None:
                said.setdefault("clock_unsynchronised", []).append((first, measures.unsynchronised, ()))
            for name, column in measures.fields.items():
                said.setdefault(name, []).append((first, column, measures.words.get(name, ())))
        return said

    def batch(self, family: Family, origins: Origins) -> pa.RecordBatch:
        """Give the batch, rows in frame order."""
        columns = {
            name: origins.taken(name, self.rows) for name in ("device", "frame", "received_at", *RADIO)
        }
        columns["series"], columns["profile"], columns["time"] = self._series(), self._profile(), self._time()
        for field in READINGS[family]:
            said = self._said(field.name, field.type)
            if said is not None:
                known = columns.get(field.name)
                columns[field.name] = said if known is None else pc.coalesce(said, known)
            elif field.name not in columns:
                columns[field.name] = pa.nulls(len(self.rows), field.type)
        schema = READINGS[family]
        return pa.RecordBatch.from_arrays([columns[field.name] for field in schema], schema=schema)

    def _filling(self, dtype: Any) -> _Filling:
        count = len(self.rows)
        return _Filling(np.zeros(count, dtype), np.ones(count, np.bool_), [])

    def _said(self, name: str, dtype: pa.DataType) -> pa.Array | None:
        """Give a field's column; None if no mapping has it."""
        if name not in self.said:
            return None
        filling = self._filling(_NUMPY[dtype])
        for first, column, words in self.said[name]:
            filling.fill(first, column, words if dtype == pa.string() else ())
        return filling.array(self.order, dtype)

    def _time(self) -> pa.Array:
        filling = self._filling(np.int64)
        for first, (_, measures) in zip(self.firsts, self.planned, strict=True):
            filling.fill(first, Column(measures.time_us, measures.timed), ())
        return filling.array(self.order, pa.int64()).view(TIMESTAMP)

    def _profile(self) -> pa.Array:
        filling = self._filling(np.int32)
        for first, (profile, measures) in zip(self.firsts, self.planned, strict=True):
            filling.fill(first, Column(np.zeros(len(measures.rows), np.int32), None), (profile,))
        return filling.array(self.order, pa.string())

    def _series(self) -> pa.Array:
        filling = self._filling(np.int32)
        for first, (_, measures) in zip(self.firsts, self.planned, strict=True):
            series, count = measures.series, len(measures.rows)
            if isinstance(series, str):
                filling.fill(first, Column(np.zeros(count, np.int32), None), (series,))
            else:
                filling.fill(first, Column(series.numbers, None), series.words)
        return filling.array(self.order, pa.string())
