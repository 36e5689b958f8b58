"""What a rule is: a frozen declaration and one function over columns.

Rule 1: the function sees columns sorted by (group, arrival) and copies of the state of the groups
touched; it returns that state and what became of the episodes. It keeps nothing itself: no globals, no
clock, no I/O.
Rule 2: the outcome for a group depends on its own rows and on the ticks only, never on the other groups
of the batch, so that any split of one arrival order gives the same findings.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import Columns
from narrowgate_rules.episodes import Outcome
from narrowgate_rules.roles import CUSTOMER, ROLES, network_of
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family, Late, Severity

DUE = "due_us"
"""State column of a rule that takes ticks: the earliest instant at which a tick changes its answer [us]."""

Parameters = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True)
class Param:
    """A threshold that the operator may change."""

    name: str
    default: float | None
    """None = not set; only where `optional`."""
    unit: str
    low: float
    high: float
    help: str
    optional: bool = False

    def checked(self, rule: str, value: float | None) -> float:
        """Give the value as a number, NaN for None; ValueError naming rule, key, value and range."""
        if value is None and self.optional:
            return math.nan
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is None or not number or not self.low <= value <= self.high:
            raise ValueError(
                f"{rule}.{self.name} = {value!r}: wants {self.low:g} to {self.high:g} [{self.unit}]"
            )
        return float(value)


@dataclass(frozen=True)
class StateColumn:
    """One column of a rule's memory, by device and series."""

    name: str
    dtype: str
    """A fixed-width numpy type, such as 'int64', 'float64', 'int8'."""
    initial: float | int
    width: int = 1
    """Values a slot; 1 gives an array of (slots,), more of (slots, width)."""

    def fresh(self, slots: int) -> NDArray[np.generic]:
        """Give the column of slots that nothing was heard of, (slots,) or (slots, width)."""
        shape = (slots,) if self.width == 1 else (slots, self.width)
        return np.full(shape, self.initial, dtype=np.dtype(self.dtype))


def never_rests(missing: Collection[str]) -> bool:
    """Say that rows change something even if they have no value of some columns."""
    return False


@dataclass(frozen=True)
class Rule:
    """A question to the readings of one family, and how it is decided."""

    name: str
    version: int
    """Goes up with every change of meaning or of `state`; a snapshot of another version is not taken over."""
    family: Family
    help: str
    inputs: tuple[str, ...]
    params: tuple[Param, ...]
    severity: Severity
    late: Late
    state: tuple[StateColumn, ...]
    judge: Callable[[Columns], Outcome]
    takes_ticks: bool = False
    rests: Callable[[Collection[str]], bool] = never_rests
    """Whether a batch without any value of some columns can change nothing: it is not judged then."""
    roles: tuple[str, ...] = ()
    """Of which places it speaks, of `roles.ROLES`; none named: of all."""
    latches: bool = False
    """Whether an episode stays until an operator clears it."""
    worse: Severity | None = None
    """How much an episode matters that has grown worse; None = it never does."""
    hold: str = ""
    """How long the condition holds before the rule speaks, in words."""
    undecided: str = ""
    """What the rule cannot decide, in words."""
    hears_back_days: float = 8.0
    """How much of the past it hears where it begins anew: what came in before no longer moves it."""

    @property
    def realm(self) -> str:
        """Give whose memory it shares: its family's, or that of its meters that are no customers'."""
        is_of_network = self.roles and CUSTOMER not in self.roles
        return network_of(self.family) if is_of_network else self.family.value

    @property
    def state_bytes(self) -> int:
        """Give what the rule remembers of a device [bytes]."""
        return sum(np.dtype(column.dtype).itemsize * column.width for column in self.state)

    def __post_init__(self) -> None:
        """Refuse a declaration that no engine could run."""
        numeric = {
            field.name for field in fields_of(self.family) if field.dtype not in ("string", "timestamp")
        }
        unknown = [name for name in self.inputs if name not in numeric]
        if unknown:
            raise ValueError(f"rule {self.name}: {unknown[0]!r} is no number or flag of {self.family}")
        if strange := [role for role in self.roles if role not in ROLES]:
            raise ValueError(f"rule {self.name}: {strange[0]!r} is no role; known: {', '.join(ROLES)}")
        if self.takes_ticks and DUE not in {column.name for column in self.state}:
            raise ValueError(f"rule {self.name} takes ticks and has no state column {DUE!r}")
        for param in self.params:
            param.checked(self.name, param.default)


class Tuned(Protocol):
    """What has thresholds."""

    @property
    def name(self) -> str:
        """Give its name."""
        ...

    @property
    def params(self) -> tuple[Param, ...]:
        """Give the thresholds."""
        ...


def resolved(rules: Sequence[Tuned], parameters: Parameters) -> dict[str, dict[str, float]]:
    """Give every rule's thresholds: the operator's where set, else the defaults.

    Raises:
        ValueError: names all faults: unknown rule, unknown parameter, value out of range.
    """
    faults = [
        f"{name!r} is no rule; known: {_listed(rules)}" for name in parameters if name not in _names(rules)
    ]
    values: dict[str, dict[str, float]] = {}
    for rule in rules:
        given = parameters.get(rule.name, {})
        known = {param.name: param for param in rule.params}
        faults += [
            f"{rule.name}.{key} is no parameter; known: {', '.join(known)}"
            for key in given
            if key not in known
        ]
        values[rule.name] = {}
        for param in rule.params:
            try:
                values[rule.name][param.name] = param.checked(rule.name, given.get(param.name, param.default))
            except ValueError as fault:
                faults.append(str(fault))
    if faults:
        raise ValueError("; ".join(faults))
    return values


def _names(rules: Sequence[Tuned]) -> set[str]:
    return {rule.name for rule in rules}


def _listed(rules: Sequence[Tuned]) -> str:
    return ", ".join(sorted(_names(rules)))
