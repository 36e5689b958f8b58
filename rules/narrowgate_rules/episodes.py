"""Episodes: what a rule says became of them, their identity, and the finding rows made of it.

An episode's identity is the rule, the device and series, and the event time of its start: the same
journal gives the same identity, whatever the batch split, and after any restart.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import NEVER_US, Floats, Indices, Instants, Mask, State
from narrowgate_rules.segments import first_rows, last_rows, shifted


@dataclass(frozen=True)
class Transitions:
    """New versions of episodes, (n,) each; rows of one episode in the order of their versions."""

    group: Indices
    start_us: Instants
    """Event time that names the episode [us]."""
    version: Instants
    raised_us: Instants
    cleared_us: Instants
    """NEVER_US = open."""
    frame: Instants
    """Journal offset of the reading or tick that decided."""
    evidence: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """What decided, a column a name; NaN = unknown."""
    is_latched: Mask | None = None
    """What was wrong is over, and the episode goes on; None = nowhere."""
    is_worse: Mask | None = None
    """The rule's worse severity counts; None = nowhere."""

    @classmethod
    def none(cls) -> "Transitions":
        """Give no transition."""
        empty = np.empty(0, dtype=np.int64)
        return cls(np.empty(0, dtype=np.intp), empty, empty, empty, empty, empty)


@dataclass(frozen=True)
class Stays:
    """New versions of parking sessions, (n,) each."""

    group: Indices
    version: Instants
    arrived_us: Instants
    departed_us: Instants
    """NEVER_US = still there; equal to `arrived_us` = the stay turned out not to have happened."""
    frame: Instants


@dataclass(frozen=True)
class Outcome:
    """A rule's answer to one batch."""

    state: State
    """The memory of the groups afterwards, shaped as it was handed in."""
    transitions: Transitions
    stays: Stays | None = None


def identity(kind: str, device: str, series: str, start_us: int) -> str:
    """Give the name of an episode or a stay: 16 hex digits, the same for the same start."""
    key = json.dumps([kind, device, series, start_us], ensure_ascii=False)
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Signals:
    """The rows that may open or close an episode, (n,) each, sorted by group, then by time."""

    group: Indices
    raises: Mask
    """True = the condition is proven; False = the recovery is proven."""
    at_us: Instants
    """Event time of the proof [us]."""
    frame: Instants
    evidence: Mapping[str, Floats]


def toggled(signals: Signals, open_us: Instants) -> tuple[Transitions, Instants]:
    """Turn proofs into transitions: a proof of what is already so changes nothing.

    Args:
        signals: proofs in order.
        open_us: (groups,) when the open episode was raised [us]; NEVER_US = none is open.

    Returns:
        The transitions, a raise being version 1 and its clear version 2; and `open_us` afterwards.
    """
    if not len(signals.group):
        return Transitions.none(), open_us
    first = first_rows(signals.group)
    was_open = shifted(signals.raises, first, open_us[signals.group[first]] != NEVER_US)
    taken = (signals.raises != was_open).nonzero()[0]
    group, raises, at_us = signals.group[taken], signals.raises[taken], signals.at_us[taken]
    first = first_rows(group)
    raised_us = np.where(raises, at_us, shifted(at_us, first, open_us[group[first]]))
    transitions = Transitions(
        group=group,
        start_us=raised_us,
        version=np.where(raises, 1, 2),
        raised_us=raised_us,
        cleared_us=np.where(raises, NEVER_US, at_us),
        frame=signals.frame[taken],
        evidence={name: column[taken] for name, column in signals.evidence.items()},
    )
    after_us = open_us.copy()
    last = last_rows(group)
    after_us[group[last]] = np.where(raises, at_us, NEVER_US)[last]
    return transitions, after_us


def evidence_texts(columns: Mapping[str, NDArray[Any]], order: Sequence[int]) -> list[str]:
    """Give each transition's evidence as a JSON object with sorted keys."""
    named = {name: _plain(column[order]) for name, column in sorted(columns.items())}
    return [
        json.dumps(dict(zip(named, values, strict=True))) for values in zip(*named.values(), strict=True)
    ] or ["{}"] * len(order)


def _plain(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind != "f":
        return list(column.tolist())
    with np.errstate(over="ignore"):
        rounded = np.round(column, 6)
    return [value if np.isfinite(value) else None for value in rounded.tolist()]
