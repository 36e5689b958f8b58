"""How a written rule decides: a condition that holds, a recovery that holds, and nothing where values miss.

* The condition holds from the first reading of an unbroken run in which it is true. A reading in which it is
  unknown neither breaks the run nor lengthens it; a hole longer than `longest_hole` begins it anew.
* The episode is raised at the first reading at which the condition has held for `for`, and cleared at the
  first one at which the recovery has held for `clear_for`: one that returns sooner goes on as the same.
* Whoever is silent decides nothing: no episode is raised or cleared without a reading that proves it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from narrowgate_rules.columns import BEFORE_US, NEVER_US, Columns, Floats, Indices, Instants, Mask, State
from narrowgate_rules.declaration import StateColumn
from narrowgate_rules.episodes import Outcome, Signals, Transitions, toggled
from narrowgate_rules.lasting import COLUMNS, OPEN, lasted
from narrowgate_rules.segments import Layout, layout_of
from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.evaluate import Evaluation, numbered
from narrowgate_rules.written.quantities import window_columns
from narrowgate_rules.written.strictness import is_unknown


def _run_columns(run: str) -> tuple[StateColumn, ...]:
    return (
        StateColumn(f"{run}_since_us", "int64", NEVER_US),
        StateColumn(f"{run}_last_us", "int64", BEFORE_US),
    )


OWN_COLUMNS = (StateColumn(OPEN, "int64", NEVER_US), *_run_columns("when"), *_run_columns("clear"))
LASTING_COLUMNS = COLUMNS
"""Beside them, of a rule that latches or grows worse."""
WORSE_COLUMNS = _run_columns("worse")
"""Beside them, of a rule that grows worse."""
HOLE_PARAM = "longest_hole_h"


@dataclass(frozen=True)
class Decision:
    """What a written rule was compiled to."""

    when: n.Node
    clear: n.Node
    hold_us: int
    clear_hold_us: int
    evidence: Mapping[str, n.Node]
    worse: n.Node | None = None
    worse_hold_us: int = 0
    latches: bool = False

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """The number of each node by its identity; equal ones have one."""
        worse = () if self.worse is None else (self.worse,)
        return numbered((self.when, self.clear, *worse, *self.evidence.values()))

    def judge(self, columns: Columns) -> Outcome:
        """Judge one batch."""
        hole_us = round(columns.params[HOLE_PARAM] * 3.6e9)
        state = dict(columns.state)
        evaluation = Evaluation(columns, state, hole_us, self._numbers)
        # What overflows or divides by nothing is unknown.
        with np.errstate(all="ignore"):
            when, clear = evaluation.of(self.when), evaluation.of(self.clear)
            worse = when if self.worse is None else evaluation.of(self.worse)
            # Trees of evidence too: what they remember goes on whether or not it is shown.
            evidence = {name: evaluation.of(node) for name, node in self.evidence.items()}
        raises = _held(evaluation, "when", when, self.hold_us)
        clears = _held(evaluation, "clear", clear, self.clear_hold_us) & ~raises
        grows = None if self.worse is None else _held(evaluation, "worse", worse, self.worse_hold_us)
        row = (raises | clears).nonzero()[0]
        if not len(row):
            return Outcome(state, Transitions.none())
        is_plain = grows is None and not self.latches
        row = row[_tells(columns, row, raises)] if is_plain else row
        signals = Signals(
            group=columns.group[row],
            raises=raises[row],
            at_us=columns.time_us[row],
            frame=columns.frame[row],
            evidence={name: values[row] for name, values in evidence.items()},
        )
        if is_plain:
            transitions, state[OPEN] = toggled(signals, columns.state[OPEN])
            return Outcome(state, transitions)
        own = {name: columns.state[name] for name in (OPEN, *(column.name for column in COLUMNS))}
        worse_here = np.zeros(len(row), np.bool_) if grows is None else grows[row]
        transitions, after = lasted(signals, worse_here, own, latches=self.latches)
        return Outcome(state | after, transitions)

    def rests(self, missing: Collection[str]) -> bool:
        """Tell that readings without any value of some columns decide nothing and leave nothing behind."""
        nodes = (self.when, self.clear) if self.worse is None else (self.when, self.clear, self.worse)
        return all(is_unknown(node, missing) for node in nodes)


def memory_columns(memories: list[n.Remembering]) -> tuple[StateColumn, ...]:
    """Give the state of a rule's windows and memories."""
    columns: list[StateColumn] = []
    for node in memories:
        if isinstance(node, n.Window):
            columns += window_columns(node.memory, node)
        else:
            columns.append(StateColumn(f"m{node.memory}_value", "float64", float("nan")))
        if isinstance(node, n.BeforeSwitch):
            names = (f"m{node.memory}_last", f"m{node.memory}_before")
            columns += [StateColumn(name, "float64", float("nan")) for name in names]
        if isinstance(node, n.Slope | n.Steady):
            columns.append(StateColumn(f"m{node.memory}_us", "int64", BEFORE_US))
    return tuple(columns)


def _tells(columns: Columns, row: Indices, raises: Mask) -> Mask:
    """Mark the proofs that are news, (m,): all but those of what is so already."""
    said, layout = raises[row], layout_of(columns).of_rows(row, columns.groups)
    tells: Mask = said != layout.before(said, columns.state["open_us"] != NEVER_US)
    return tells


def _held(evaluation: Evaluation, run: str, answer: Floats, hold_us: int) -> Mask:
    """Mark the readings at which a condition has been true for long enough, (n,); keeps the run's memory."""
    state = evaluation.state
    row, layout, time_us = evaluation.known_rows(answer)
    held = np.zeros(len(answer), np.bool_)
    if not len(row):
        return held
    is_true = answer[row] == 1.0
    since_us = _since(layout, time_us, is_true, state, run, evaluation.hole_us)
    state[f"{run}_last_us"] = layout.keep(state[f"{run}_last_us"], time_us)
    state[f"{run}_since_us"] = layout.keep(state[f"{run}_since_us"], np.where(is_true, since_us, NEVER_US))
    held[row] = is_true & (time_us - since_us >= hold_us)
    return held


def _since(
    layout: Layout, time_us: Instants, is_true: Mask, state: State, run: str, hole_us: int
) -> Instants:
    """Give since when the condition has been true, (m,) [us]; of no meaning where it is false."""
    before_us = layout.before(time_us, state[f"{run}_last_us"])
    carried_us = layout.each(state[f"{run}_since_us"])
    was_true = layout.before(is_true, state[f"{run}_since_us"] != NEVER_US)
    begins = ~was_true | (time_us - before_us > hole_us)
    since_us = np.where(begins, time_us, carried_us)
    return since_us if layout.is_single else since_us[layout.opened(begins)]
