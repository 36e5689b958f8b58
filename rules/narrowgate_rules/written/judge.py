"""How a written rule decides: a condition that holds, a recovery that holds, and nothing where values miss.

* The condition holds from the first reading of an unbroken run in which it is true. A reading in which it is
  unknown neither breaks the run nor lengthens it; a hole longer than `longest_hole` begins it anew.
* The episode is raised at the first reading at which the condition has held for `for`, and cleared at the
  first one at which the recovery has held for `clear_for`: one that returns sooner goes on as the same.
* Whoever is silent decides nothing: no episode is raised or cleared without a reading that proves it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import BEFORE_US, NEVER_US, Columns, Floats, Indices, Instants, Mask, State
from narrowgate_rules.declaration import StateColumn
from narrowgate_rules.episodes import Outcome, Signals, toggled
from narrowgate_rules.segments import first_rows, index_of_last, last_rows, shifted
from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.evaluate import Evaluation
from narrowgate_rules.written.panes import window_columns

OWN_COLUMNS = (
    StateColumn("open_us", "int64", NEVER_US),
    *(
        StateColumn(f"{run}_{name}", dtype, initial)
        for run in ("when", "clear")
        for name, dtype, initial in (("since_us", "int64", NEVER_US), ("last_us", "int64", BEFORE_US))
    ),
)
HOLE_PARAM = "longest_hole_h"


@dataclass(frozen=True)
class Decision:
    """What a written rule was compiled to."""

    when: n.Node
    clear: n.Node
    hold_us: int
    clear_hold_us: int
    evidence: Mapping[str, n.Node]

    def judge(self, columns: Columns) -> Outcome:
        """Judge one batch."""
        state = {name: values.copy() for name, values in columns.state.items()}
        hole_us = round(columns.params[HOLE_PARAM] * 3.6e9)
        evaluation = Evaluation(columns, state, hole_us)
        when, clear = evaluation.of(self.when), evaluation.of(self.clear)
        evidence = {name: evaluation.of(node) for name, node in self.evidence.items()}
        raises = _held(columns, state, "when", when, self.hold_us, hole_us)
        clears = _held(columns, state, "clear", clear, self.clear_hold_us, hole_us) & ~raises
        row = np.flatnonzero(raises | clears)
        signals = Signals(
            group=columns.group[row],
            raises=raises[row],
            at_us=columns.time_us[row],
            frame=columns.frame[row],
            evidence={name: values[row] for name, values in evidence.items()},
        )
        transitions, state["open_us"] = toggled(signals, columns.state["open_us"])
        return Outcome(state, transitions)


def memory_columns(memories: list[n.Remembering]) -> tuple[StateColumn, ...]:
    """Give the state of a rule's windows and memories."""
    columns: list[StateColumn] = []
    for node in memories:
        if isinstance(node, n.Window):
            columns += window_columns(node.memory, node)
        else:
            columns.append(StateColumn(f"m{node.memory}_value", "float64", float("nan")))
        if isinstance(node, n.Slope):
            columns.append(StateColumn(f"m{node.memory}_us", "int64", BEFORE_US))
    return tuple(columns)


def _held(columns: Columns, state: State, run: str, answer: Floats, hold_us: int, hole_us: int) -> Mask:
    """Mark the readings at which a condition has been true for long enough, (n,); keeps the run's memory."""
    row = np.flatnonzero(~np.isnan(answer))
    group, time_us, is_true = columns.group[row], columns.time_us[row], answer[row] == 1.0
    since_us = _since(group, time_us, is_true, state, run, hole_us)
    last = last_rows(group)
    state[f"{run}_last_us"][group[last]] = time_us[last]
    state[f"{run}_since_us"][group[last]] = np.where(is_true, since_us, NEVER_US)[last]
    held = np.zeros(len(answer), np.bool_)
    held[row] = is_true & (time_us - since_us >= hold_us)
    return held


def _since(
    group: Indices, time_us: Instants, is_true: Mask, state: State, run: str, hole_us: int
) -> Instants:
    """Give since when the condition has been true, (m,) [us]; of no meaning where it is false."""
    first = first_rows(group)
    before_us = shifted(time_us, first, state[f"{run}_last_us"][group[first]])
    carried_us = state[f"{run}_since_us"][group]
    was_true = shifted(is_true, first, carried_us[first] != NEVER_US)
    begins = ~was_true | (time_us - before_us > hole_us)
    opened = index_of_last(first | begins)
    return np.where(begins, time_us, carried_us)[opened]
