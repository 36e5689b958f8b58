"""Episodes that latch or grow worse: what is proven of them, turned into their versions.

A latched episode does not end with its recovery: it stands as latched, is raised again if the condition
returns, and ends when an operator clears it. One that has grown worse stays so to its end.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import NEVER_US, Indices, Instants, Mask, State
from narrowgate_rules.declaration import StateColumn
from narrowgate_rules.episodes import Signals, Transitions
from narrowgate_rules.segments import first_rows, index_of_last, last_rows, shifted, sum_since

OPEN, TOLD, HOLDS, WORSE = "open_us", "told", "holds", "is_worse"
COLUMNS = tuple(StateColumn(name, "int64", 0) for name in (TOLD, HOLDS, WORSE))
"""Beside `open_us`: versions told of the open episode; whether the condition holds; whether it is worse."""


@dataclass(frozen=True)
class _Rows:
    """Proofs, (n,) each, with what they make of the episode."""

    first: Mask
    begins: Mask
    """An episode begins here."""
    tells: Mask
    """A version is due."""
    is_worse: Mask


def lasted(signals: Signals, worse: Mask, state: State, *, latches: bool) -> tuple[Transitions, State]:
    """Turn proofs into versions.

    Args:
        signals: proofs in order: those of what is so already among them.
        worse: (n,) it is worse; counts where the condition is proven.
        state: (groups,) each: OPEN, TOLD, HOLDS, WORSE.
        latches: the episode outlasts its recovery.

    Returns:
        The versions, numbered from 1 in each episode, and the four columns afterwards.
    """
    if not len(signals.group):
        return Transitions.none(), state
    rows = _rows(signals, worse, state, latches=latches)
    reset = rows.first | rows.begins
    carried = _of_group(signals.group, rows.first & ~rows.begins, state[TOLD])
    version = sum_since(rows.tells.astype(np.int64), reset, carried)
    opener = index_of_last(reset)
    began_us = np.where(rows.begins[opener], signals.at_us[opener], state[OPEN][signals.group])
    row = np.flatnonzero(rows.tells)
    ends = ~signals.raises[row] & (not latches)
    transitions = Transitions(
        group=signals.group[row],
        start_us=began_us[row],
        version=version[row],
        raised_us=began_us[row],
        cleared_us=np.where(ends, signals.at_us[row], NEVER_US),
        frame=signals.frame[row],
        evidence={name: column[row] for name, column in signals.evidence.items()},
        is_latched=~signals.raises[row] & latches,
        is_worse=rows.is_worse[row],
    )
    return transitions, _after(signals, rows, version, began_us, state, latches=latches)


def _rows(signals: Signals, worse: Mask, state: State, *, latches: bool) -> _Rows:
    group, raises = signals.group, signals.raises
    first = first_rows(group)
    held = shifted(raises, first, state[HOLDS][group[first]] == 1)
    turns = raises != held
    begins = turns & raises
    if latches:
        # The first proof where no episode is open yet; all others only turn it.
        opened = sum_since(begins.astype(np.int64), first, _of_group(group, first, state[OPEN] != NEVER_US))
        begins &= opened == 1
    reset = first | begins
    carried = _of_group(group, first & ~begins, state[WORSE])
    is_worse = sum_since((worse & raises).astype(np.int64), reset, carried) > 0
    was_worse = shifted(is_worse, first, state[WORSE][group[first]] == 1)
    return _Rows(first, begins, turns | (raises & is_worse & ~was_worse), is_worse)


def _of_group(group: Indices, where: Mask, column: Instants | Mask) -> Instants:
    """Give each row what its group has, where it is asked for; else 0."""
    return np.where(where, column[group], 0).astype(np.int64)


def _after(
    signals: Signals, rows: _Rows, version: Instants, began_us: Instants, state: State, *, latches: bool
) -> State:
    last = np.flatnonzero(last_rows(signals.group))
    group, holds = signals.group[last], signals.raises[last]
    has_begun = (state[OPEN][group] != NEVER_US) | (version[last] > 0)
    is_open = (holds | has_begun) if latches else holds
    after = {name: column.copy() for name, column in state.items()}
    after[OPEN][group] = np.where(is_open, began_us[last], NEVER_US)
    after[TOLD][group] = np.where(is_open, version[last], 0)
    after[HOLDS][group] = holds
    after[WORSE][group] = np.where(is_open, rows.is_worse[last], 0)
    return after
