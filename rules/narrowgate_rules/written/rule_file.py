"""Reads a file of rules: TOML tables of a closed set of keys; all faults at once, each with its place.

[high_flow]
family = "water"
help = "More flow than the meter is made for, for an hour."
severity = "major"
when = 'min(flow_m3_per_h, "1h") > limit'
clear = 'flow_m3_per_h <= limit'
for = "0s"
params.limit = { default = 5.7, unit = "m3/h", low = 0.01, high = 1000, help = "flow that is too much" }
"""

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from narrowgate_fleet.columns import COLUMNS
from narrowgate_rules.declaration import Param, Rule, StateColumn
from narrowgate_rules.roles import ROLES
from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.durations import duration_us
from narrowgate_rules.written.grammar import parse
from narrowgate_rules.written.judge import (
    HOLE_PARAM,
    LASTING_COLUMNS,
    OWN_COLUMNS,
    WORSE_COLUMNS,
    Decision,
    memory_columns,
)
from narrowgate_rules.written.shown import evidence, undecided
from narrowgate_rules.written.units import Unit, unit_of
from narrowgate_rules.written.vocabulary import ExpressionFault, Memories, Names
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family, Late, Severity

MOST_STATE_BYTES = 1024
"""What a rule may remember of a device."""
_KEYS = {
    "family": str,
    "version": int,
    "help": str,
    "severity": str,
    "when": str,
    "clear": str,
    "for": str,
    "clear_for": str,
    "latched": bool,
    "worse": str,
    "worse_for": str,
    "worse_severity": str,
    "longest_hole_h": (int, float),
    "roles": list,
    "params": dict,
}
_NEEDED = ("family", "help", "severity", "when")
_PARAM_KEYS = {"default": (int, float), "unit": str, "low": (int, float), "high": (int, float), "help": str}


@dataclass(frozen=True)
class RuleFault:
    """One thing wrong in a file of rules."""

    file: str
    rule: str
    key: str
    what: str
    column: int | None = None
    """Character of the expression, counted from 1."""
    value: str = ""
    """What was given, where that says more than its place."""

    def __str__(self) -> str:
        """Say it in one line."""
        place = ".".join(part for part in (self.rule, self.key) if part)
        at = "" if self.column is None else f", character {self.column}"
        given = f" = {self.value}" if self.value else ""
        return f"{self.file}: {place}{at}{given}: {self.what}" if place else f"{self.file}: {self.what}"


class RuleFaults(ValueError):
    """A file of rules that cannot be used, with all that is wrong in it."""

    def __init__(self, faults: list[RuleFault]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


@dataclass(frozen=True)
class RuleFile:
    """What a file of rules says."""

    rules: tuple[Rule, ...]
    parameters: dict[str, dict[str, float]]
    """Thresholds of rules that are there already, by rule and name."""


def read_rules(text: str, file: str) -> tuple[Rule, ...]:
    """Give the rules of a file that only declares rules; else as `read_rule_file`."""
    return read_rule_file(text, file, ()).rules


def read_rule_file(text: str, file: str, shipped: Collection[str]) -> RuleFile:
    """Give what a file says: a table named as a shipped rule sets its thresholds, any other one is a rule.

    Args:
        text: the file's content.
        file: its name, for faults.
        shipped: names of the rules that are there already.

    Raises:
        RuleFaults: all that is wrong.
    """
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RuleFaults([RuleFault(file, "", "", f"is no TOML: {error}")]) from None
    faults: list[RuleFault] = []
    rules: list[Rule] = []
    parameters: dict[str, dict[str, float]] = {}
    for name, table in tables.items():
        reader = _RuleReader(file, name, table)
        if name in shipped:
            parameters[name] = reader.thresholds()
        elif (rule := reader.rule()) is not None:
            rules.append(rule)
        faults += reader.faults
    if faults:
        raise RuleFaults(faults)
    return RuleFile(tuple(rules), parameters)


def names_in(text: str) -> set[str]:
    """Give the names of a file's tables, whatever is in them; none if it is no TOML."""
    try:
        return set(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return set()


class _RuleReader:
    """One table; faults gather in `faults`."""

    def __init__(self, file: str, name: str, table: object) -> None:
        self.faults: list[RuleFault] = []
        self._file, self._name = file, name
        self._table: dict[str, Any] = table if isinstance(table, dict) else {}
        if not name.replace("_", "").isalnum() or not name.islower() or not name.isascii() or len(name) > 64:
            self._fault("", "a rule's name is 1 to 64 of the letters a-z, digits and _")
        if not isinstance(table, dict):
            self._fault("", "a rule is a table: [name]")

    def _fault(self, key: str, what: str, column: int | None = None) -> None:
        self.faults.append(RuleFault(self._file, self._name, key, what, column))

    def rule(self) -> Rule | None:
        """Give the rule, or None with its faults told."""
        self._check_keys(self._table, _KEYS, "", _NEEDED)
        if self.faults:
            return None
        family = self._word(Family, "family")
        severity = self._word(Severity, "severity")
        params = self._params()
        hold_us, clear_hold_us = self._duration("for"), self._duration("clear_for")
        self._check_roles()
        if family is None or severity is None or len(params) < len(self._table.get("params", {})):
            return None
        names, memories = _names(family, params), Memories()
        when = self._condition("when", names, memories)
        clear = self._condition("clear", names, memories) if "clear" in self._table else _not(when)
        worse, worse_severity = self._worse(severity, names, memories)
        if when is None or clear is None or self.faults:
            return None
        latches = self._table.get("latched", False)
        lasting = LASTING_COLUMNS if latches or worse is not None else ()
        rising = () if worse is None else WORSE_COLUMNS
        state = (*OWN_COLUMNS, *lasting, *rising, *memory_columns(memories.nodes))
        if (size := _bytes(state)) > MOST_STATE_BYTES:
            self._fault("when", f"would remember {size} bytes of each device; {MOST_STATE_BYTES} are allowed")
            return None
        worse_hold_us = self._duration("worse_for")
        shown = evidence(memories)
        decision = Decision(when, clear, hold_us, clear_hold_us, shown, worse, worse_hold_us, latches)
        return Rule(
            name=self._name,
            version=self._table.get("version", 1),
            family=family,
            help=self._table["help"],
            inputs=tuple(sorted(memories.columns)),
            params=(*params, self._hole()),
            severity=severity,
            late=Late.IGNORE,
            state=state,
            judge=decision.judge,
            rests=decision.rests,
            roles=tuple(self._table.get("roles", ())),
            latches=latches,
            worse=worse_severity,
            hold=self._held(),
            undecided=undecided(memories),
        )

    def _worse(
        self, severity: Severity, names: Names, memories: Memories
    ) -> tuple[n.Node | None, Severity | None]:
        """Give when an episode grows worse, and how much it matters then; None of both if it never does."""
        if "worse" not in self._table and "worse_severity" not in self._table:
            return None, None
        for key in ("worse", "worse_severity"):
            if key not in self._table:
                self._fault(key, "is missing: worse and worse_severity stand together")
                return None, None
        worse = self._word(Severity, "worse_severity")
        ranks = list(Severity)
        if worse is not None and ranks.index(worse) <= ranks.index(severity):
            self._fault("worse_severity", f"{worse} is not worse than {severity}")
        return self._condition("worse", names, memories), worse

    def _held(self) -> str:
        """Say how long condition and recovery hold, and what ends or worsens the episode."""
        return "; ".join([self._runs(), *self._lasts()])

    def _lasts(self) -> list[str]:
        said = ["stays until an operator clears it"] if self._table.get("latched", False) else []
        if "worse" in self._table:
            said.append(f"{self._table['worse_severity']} where `{' '.join(self._table['worse'].split())}`")
        return said

    def _runs(self) -> str:
        hold, clear_hold = self._table.get("for", "0s"), self._table.get("clear_for", "0s")
        raised = "at once" if duration_us(hold) == 0 else hold
        return raised if duration_us(clear_hold) == 0 else f"{raised}; cleared after {clear_hold}"

    def thresholds(self) -> dict[str, float]:
        """Give a table of nothing but numbers: the thresholds of a rule that is there already."""
        for key, value in self._table.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                self._fault(key, "there is a rule of that name: its table can only set thresholds, numbers")
        return {key: float(value) for key, value in self._table.items() if isinstance(value, int | float)}

    def _check_keys(
        self, table: dict[str, Any], known: Mapping[str, Any], prefix: str, needed: tuple[str, ...]
    ) -> None:
        for key, value in table.items():
            if key not in known:
                self._fault(prefix + key, f"is no key of a rule; known: {', '.join(known)}")
            elif not isinstance(value, known[key]) or isinstance(value, bool) is not (known[key] is bool):
                self._fault(prefix + key, f"{value!r:.60} is of another kind than wanted")
        for key in needed:
            if key not in table:
                self._fault(prefix + key, "is missing")

    def _word(self, words: Any, key: str) -> Any:
        try:
            return words(self._table[key])
        except ValueError:
            self._fault(key, f"{self._table[key]!r:.60} is none of {', '.join(words)}")
            return None

    def _duration(self, key: str) -> int:
        try:
            return duration_us(self._table.get(key, "0s"))
        except ValueError as error:
            self._fault(key, str(error))
            return 0

    def _check_roles(self) -> None:
        strange = [role for role in self._table.get("roles", ()) if role not in ROLES]
        if strange:
            self._fault("roles", f"{strange[0]!r:.60} is none of {', '.join(ROLES)}")

    def _hole(self) -> Param:
        default = float(self._table.get("longest_hole_h", 6.0))
        return Param(HOLE_PARAM, default, "h", 0.01, 8784.0, "longest hole across which a condition holds")

    def _params(self) -> tuple[Param, ...]:
        return tuple(
            param
            for name, table in self._table.get("params", {}).items()
            if (param := self._param(name, table)) is not None
        )

    def _param(self, name: str, table: object) -> Param | None:
        key = f"params.{name}"
        told = len(self.faults)
        if not isinstance(table, dict) or not name.isidentifier() or name == HOLE_PARAM:
            self._fault(key, 'is written name = { default = 1, unit = "h", low = 0, high = 24, help = "…" }')
            return None
        self._check_keys(table, _PARAM_KEYS, f"{key}.", tuple(_PARAM_KEYS))
        if len(self.faults) > told:
            return None
        param = Param(name, *(table[part] for part in ("default", "unit", "low", "high", "help")))
        try:
            unit_of(param.unit)
            param.checked(self._name, param.default)
        except ValueError as error:
            self._fault(key, str(error))
            return None
        if not all(map(math.isfinite, (param.low, param.high))):
            self._fault(key, "its range must be finite")
        return param

    def _condition(self, key: str, names: Names, memories: Memories) -> n.Node | None:
        try:
            typed = parse(self._table[key], names, memories)
        except ExpressionFault as fault:
            self._fault(key, str(fault), fault.column)
            return None
        if typed.unit != "condition":
            self._fault(key, "is a number; a condition compares")
            return None
        return typed.node


def _names(family: Family, params: tuple[Param, ...]) -> Names:
    values: dict[str, Unit | Literal["condition"]] = {}
    for column in fields_of(family):
        if column.dtype == "bool":
            values[column.name] = "condition"
        elif column.dtype in ("float64", "int64") and column.kind in ("measure", "flag"):
            values[column.name] = unit_of(column.unit)
    attributes = {
        column.name: (unit_of(column.unit), column.table == "asset")
        for column in COLUMNS
        if column.form == "number"
    }
    return Names(values, {param.name: unit_of(param.unit) for param in params}, attributes)


def _not(when: n.Node | None) -> n.Node | None:
    return None if when is None else n.Negation(when)


def _bytes(state: tuple[StateColumn, ...]) -> int:
    return sum(np.dtype(column.dtype).itemsize * column.width for column in state)
