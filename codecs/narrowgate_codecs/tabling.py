"""From columns of readings to Arrow: one batch a family, rows in frame order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_codecs.arrow_columns import array_of, stable_order, words_of
from narrowgate_codecs.cohort import Column, Mask, all_in
from narrowgate_codecs.context import Context
from narrowgate_codecs.measures import Measures, Series
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
    TIMESTAMP: np.int64,
}
"""What a column is filled as; words as numbers."""
Place: TypeAlias = slice | Places
"""Where a part's rows go."""
Part: TypeAlias = tuple[Place, Column, Sequence[str]]
"""What a mapping says of a field, and its words."""


@dataclass
class Origins:
    """What readings have from their uplinks."""

    uplinks: pa.RecordBatch
    context: Context

    @cached_property
    def devices(self) -> pa.Array:
        """The senders, (n,)."""
        return pa.array(self.context.devices, pa.string())

    def taken(self, names: Sequence[str], rows: Places) -> dict[str, pa.Array]:
        """Give columns for some rows of the uplinks."""
        count, whole = len(rows), self.uplinks.num_rows
        if count == whole and all_in(rows == np.arange(count)):
            return {name: self._column(name) for name in names}
        places = pa.array(rows)
        return {name: self._taken(self._column(name), places) for name in names}

    def _column(self, name: str) -> pa.Array:
        return self.devices if name == "device" else self.uplinks.column(name)

    def _taken(self, column: pa.Array, places: pa.Array) -> pa.Array:
        silent = column.null_count == len(column)
        return pa.nulls(len(places), column.type) if silent else column.take(places)


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
    order = stable_order(rows, int(rows.max(initial=0)) + 1)
    (batch,) = pa.Table.from_batches(batches).take(pa.array(order)).combine_chunks().to_batches()
    return batch


@dataclass(slots=True)
class _Filling:
    """A column that is filled a part at a time."""

    values: NDArray[Any]
    known: Mask
    words: list[str]

    def fill(self, at: Place, column: Column, words: Sequence[str]) -> None:
        """Put a part's values in their places where they are said; what was said there before stays else."""
        values, said = column.values, column.said
        if words:
            values = values.astype(np.int32) + len(self.words)
            self.words += words
        if said is None:
            self.values[at], self.known[at] = values, True
        elif isinstance(at, slice):
            np.copyto(self.values[at], values, casting="unsafe", where=said)
            self.known[at] |= said
        else:
            saying = said.nonzero()[0]
            at = at[saying]
            self.values[at], self.known[at] = values[saying], True

    def say(self, at: Place, word: str) -> None:
        """Put one word in a part's places."""
        self.values[at], self.known[at] = len(self.words), True
        self.words.append(word)


class _Joint:
    """The readings of several mappings, filled together into one batch."""

    def __init__(self, planned: Sequence[tuple[str, Measures]]) -> None:
        self.planned = planned
        sizes = np.array([len(measures.rows) for _, measures in planned], np.int64)
        rows = np.concatenate([measures.rows for _, measures in planned])
        self.rows: Places = rows
        """(n,) Numbers of the uplinks, ascending."""
        self.parts: list[Place] = [
            slice(stop - size, stop)
            for stop, size in zip(sizes.cumsum().tolist(), sizes.tolist(), strict=True)
        ]
        """Where each mapping's rows go."""
        if not all_in(rows[1:] >= rows[:-1]):
            order = stable_order(rows, int(rows.max(initial=0)) + 1)
            places = np.empty(len(rows), np.int64)
            places[order] = np.arange(len(rows))
            self.rows, self.parts = rows[order], [places[part] for part in self.parts]
        self.said = self._by_field()
        """By field, what mappings say of it, each with the places of its rows and its words."""

    def _by_field(self) -> dict[str, list[Part]]:
        said: dict[str, list[Part]] = {}
        for part, (_, measures) in zip(self.parts, self.planned, strict=True):
            if measures.unsynchronised is not None:
                said.setdefault("clock_unsynchronised", []).append((part, measures.unsynchronised, ()))
            for name, column in measures.fields.items():
                said.setdefault(name, []).append((part, column, measures.words.get(name, ())))
        return said

    def batch(self, family: Family, origins: Origins) -> pa.RecordBatch:
        """Give the batch, rows in frame order."""
        columns = origins.taken(("device", "frame", "received_at", *RADIO), self.rows)
        columns["series"], columns["profile"], columns["time"] = self._series(), self._profile(), self._time()
        schema = READINGS[family]
        silent: dict[pa.DataType, pa.Array] = {}
        for field in schema:
            said, known = self._said(field.name, field.type), columns.get(field.name)
            if said is not None:
                alone = known is None or known.null_count == len(known)
                columns[field.name] = said if alone else pc.coalesce(said, known)
            elif known is None:
                if field.type not in silent:
                    silent[field.type] = pa.nulls(len(self.rows), field.type)
                columns[field.name] = silent[field.type]
        return pa.RecordBatch.from_arrays([columns[field.name] for field in schema], schema=schema)

    def _said(self, name: str, dtype: pa.DataType) -> pa.Array | None:
        """Give a field's column; None if no mapping has it."""
        if name not in self.said:
            return None
        is_word = dtype == pa.string()
        parts = [(at, column, words if is_word else ()) for at, column, words in self.said[name]]
        return self._array(parts, dtype)

    def _array(self, parts: Sequence[Part], dtype: pa.DataType) -> pa.Array:
        """Give what parts say as one column; of one part that is all, its own values."""
        count = len(self.rows)
        at, column, words = parts[0]
        if len(parts) == 1 and isinstance(at, slice) and len(column.values) == count and not words:
            return array_of(column.values.astype(_NUMPY[dtype], copy=False), column.said, dtype)
        filling = _Filling(np.zeros(count, _NUMPY[dtype]), np.zeros(count, np.bool_), [])
        for at, column, words in parts:
            filling.fill(at, column, words)
        if dtype == pa.string():
            return words_of(filling.words, filling.values, filling.known)
        return array_of(filling.values, filling.known, dtype)

    def _time(self) -> pa.Array:
        each = zip(self.parts, self.planned, strict=True)
        return self._array(
            [(at, Column(measures.time_us, measures.timed), ()) for at, (_, measures) in each], TIMESTAMP
        )

    def _profile(self) -> pa.Array:
        each = zip(self.parts, self.planned, strict=True)
        return self._words([(at, profile) for at, (profile, _) in each])

    def _series(self) -> pa.Array:
        each = zip(self.parts, self.planned, strict=True)
        return self._words([(at, measures.series) for at, (_, measures) in each])

    def _words(self, parts: Sequence[tuple[Place, str | Series]]) -> pa.Array:
        """Give a column of words of which parts have one, or several."""
        count, sole = len(self.rows), parts[0][1]
        if isinstance(sole, str) and all(isinstance(one, str) and one == sole for _, one in parts):
            return words_of([sole], np.zeros(count, np.int32), None)
        filling = _Filling(np.zeros(count, np.int32), np.zeros(count, np.bool_), [])
        for at, one in parts:
            if isinstance(one, str):
                filling.say(at, one)
            else:
                filling.fill(at, Column(one.numbers, None), one.words)
        return words_of(filling.words, filling.values, filling.known)
