"""What rules remember of each slot: a row of words a slot, the columns of all rules of a family side by side.

A slot that reports brings its row in one reach of memory, whatever the number of rules; rules get and give
columns, turned a few thousand slots at a time. Columns of one word a slot come first, rule by rule; those
of more values, or of other sizes, begin at a word of their own behind them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, NEVER_US, Indices, State, Ticks
from narrowgate_rules.declaration import DUE, Rule, StateColumn

Words = NDArray[np.int64]

_WORD_BYTES = 8
_PART = 4096
"""Slots turned from rows to columns at once: as many as stay near the processor meanwhile."""


class Rows:
    """The rows of one family's slots, which grow by doubling; a slot never written has the initial words."""

    def __init__(self, fresh: Words) -> None:
        """Take the words of a slot that nothing was heard of, (width,)."""
        self._fresh = fresh
        self.values = np.empty((0, len(fresh)), np.int64)

    def gather(self, slots: Indices, run: slice | None) -> Words:
        """Give the rows of some slots, (n, width); of a run of known ones a view, else a copy."""
        if run is not None and run.stop <= len(self.values):
            return self.values[run]
        known = slots < len(self.values)
        if np.all(known):
            return self.values[slots]
        rows = np.tile(self._fresh, (len(slots), 1))
        rows[known] = self.values[slots[known]]
        return rows

    def grow(self, slots: int) -> None:
        """Make room for so many slots."""
        if slots > len(self.values):
            # By an eighth: a doubled memory of a large fleet would be mostly room.
            grown = np.empty((max(slots, len(self.values) * 9 // 8, 64), len(self._fresh)), np.int64)
            grown[: len(self.values)] = self.values
            grown[len(self.values) :] = self._fresh
            self.values = grown


class Memory:
    """One rule's columns of its family's rows."""

    def __init__(self, layout: Sequence[StateColumn], rows: Rows, words: slice, others: Mapping[str, slice]):
        """Take the columns, and where they lie in a row: those of one word together, the others by name."""
        fresh = {column.name: column.fresh(0) for column in layout}
        self._layout = {name: (values.dtype, values.shape[1:]) for name, values in fresh.items()}
        self._words = [column for column in layout if _is_word(column)]
        self._others = {column.name: column for column in layout if not _is_word(column)}
        self._rows, self._place, self._places = rows, words, others
        self._due_from_us, self._looked_at = BEFORE_US, 0
        """Of so many slots none is due before that [us]."""

    def due(self, slots: int, ticks: Ticks) -> Indices:
        """Give those of the first slots that the ticks wake."""
        is_early = slots == self._looked_at and ticks.time_us[-1:] < self._due_from_us
        if not len(ticks.time_us) or is_early:
            return np.empty(0, np.intp)
        at = self._place.start + [column.name for column in self._words].index(DUE)
        due_us = self._rows.gather(np.arange(slots), slice(0, slots))[:, at]
        self._due_from_us, self._looked_at = int(due_us.min(initial=NEVER_US)), slots
        return np.flatnonzero(due_us <= ticks.time_us[-1])

    def turned(self, rows: Words) -> State:
        """Give the rule's columns of some rows: copies, (n,) or (n, width) each."""
        state: State = {}
        if self._words:
            words = np.empty((len(self._words), len(rows)), np.int64)
            for part in _parts(len(rows)):
                words[:, part] = rows[part, self._place].T
            state = {
                column.name: words[at].view(np.dtype(column.dtype)) for at, column in enumerate(self._words)
            }
        for name, column in self._others.items():
            packed = rows[:, self._places[name]].copy().view(np.dtype(column.dtype))
            state[name] = packed[:, 0] if column.width == 1 else packed[:, : column.width]
        return state

    def put_into(self, rows: Words, state: State) -> None:
        """Write the rule's columns into some rows."""
        for part in _parts(len(rows)):
            if self._words:
                words = [state[column.name][part].view(np.int64) for column in self._words]
                rows[part, self._place] = np.array(words).T
            for name, column in self._others.items():
                rows[part, self._places[name]] = _packed(column, state[name][part])
        if DUE in self._layout:
            self._due_from_us = min(self._due_from_us, int(state[DUE].min(initial=NEVER_US)))

    def take(self, slots: Indices) -> State:
        """Give copies of the state of some slots, which increase."""
        return self.turned(self._rows.gather(slots, run_of(slots)))

    def put(self, slots: Indices, state: State) -> None:
        """Write the state of some slots, which increase."""
        reach = Reach(self._rows, slots)
        reach.write({self: state}, whole=False)

    def spread(self, slots: Indices, rows: Words) -> None:
        """Write the rule's columns of some rows where the slots lie."""
        values = self._rows.values
        for place in (self._place, *self._places.values()):
            values[slots, place] = rows[:, place]

    def refuse_misshapen(self, rule: str, count: int, state: State) -> None:
        """Refuse state that a rule handed back in another shape or type; ValueError names the column."""
        for name, (dtype, width) in self._layout.items():
            values = state.get(name)
            if values is None or values.dtype != dtype or values.shape != (count, *width):
                raise ValueError(f"rule {rule} handed back a misshapen state column {name!r}")


class Reach:
    """Some slots' rows, fetched once for all rules that judge these slots."""

    def __init__(self, rows: Rows, slots: Indices) -> None:
        self.table, self._slots, self._run = rows, slots, run_of(slots)
        self.rows = rows.gather(slots, self._run)
        """(n, width): not to be written to."""

    def write(self, states: Mapping[Memory, State], *, whole: bool) -> None:
        """Write what rules gave back.

        Args:
            states: (n,) or (n, width) columns by memory.
            whole: nobody else wrote to these slots since they were fetched.
        """
        if not len(self._slots):
            return
        self.table.grow(int(self._slots[-1]) + 1)
        rows = self.table.values[self._run] if self._run is not None else self.rows
        for memory, state in states.items():
            memory.put_into(rows, state)
        if self._run is None and whole:
            self.table.values[self._slots] = rows
        elif self._run is None:
            for memory in states:
                memory.spread(self._slots, rows)


def memories_of(rules: Sequence[Rule]) -> tuple[dict[str, Memory], dict[str, Rows]]:
    """Give an empty memory for each rule by name, and the rows of their realms."""
    memories: dict[str, Memory] = {}
    tables: dict[str, Rows] = {}
    for realm in {rule.realm: None for rule in rules}:
        own = [rule for rule in rules if rule.realm == realm]
        places, fresh = _laid_out([rule.state for rule in own])
        tables[realm] = Rows(fresh)
        for rule, (words, others) in zip(own, places, strict=True):
            memories[rule.name] = Memory(rule.state, tables[realm], words, others)
    return memories, tables


def _laid_out(
    layouts: Sequence[Sequence[StateColumn]],
) -> tuple[list[tuple[slice, dict[str, slice]]], Words]:
    """Give where each layout's columns lie in a row, and the row of a fresh slot."""
    fresh: list[Words] = []
    words: list[slice] = []
    others: list[dict[str, slice]] = []
    for layout in layouts:
        begin = len(fresh)
        fresh += [column.fresh(1).view(np.int64) for column in layout if _is_word(column)]
        words.append(slice(begin, len(fresh)))
    end = len(fresh)
    for layout in layouts:
        others.append({})
        for column in layout:
            if not _is_word(column):
                packed = _packed(column, column.fresh(1))
                fresh.append(packed[0])
                others[-1][column.name] = slice(end, end := end + packed.shape[1])
    joined = np.concatenate(fresh) if fresh else np.empty(0, np.int64)
    return list(zip(words, others, strict=True)), joined


def _is_word(column: StateColumn) -> bool:
    return column.width == 1 and np.dtype(column.dtype).itemsize == _WORD_BYTES


def _packed(column: StateColumn, values: NDArray[Any]) -> Words:
    """Give a column as whole words, (n, words): zeros behind its last value."""
    size = np.dtype(column.dtype).itemsize
    width = -(-column.width * size // _WORD_BYTES) * _WORD_BYTES // size
    if width == column.width:
        return np.ascontiguousarray(values).view(np.int64)
    padded = np.zeros((len(values), width), values.dtype)
    padded[:, : column.width] = values.reshape(len(values), column.width)
    return padded.view(np.int64)


def run_of(slots: Indices) -> slice | None:
    """Give increasing slots that follow one another as a slice."""
    if not len(slots) or slots[-1] - slots[0] != len(slots) - 1:
        return None
    return slice(int(slots[0]), int(slots[-1]) + 1)


def _parts(count: int) -> list[slice]:
    return [slice(first, min(first + _PART, count)) for first in range(0, count, _PART)]
