"""Thresholds of single places: what the registry's `thresholds` say of an asset goes before the city's.

Devices that stand at places with thresholds of their own are judged apart, rule by rule, as often as there
are different ones. Where a device stands is asked as of now. A rule or threshold that there is not, and a
value out of its range, counts for nothing; `faults_of` names them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet.thresholds import thresholds_of
from narrowgate_rules.columns import NEVER_US, Columns, FleetColumns, Indices, Mask
from narrowgate_rules.declaration import Rule
from narrowgate_rules.episodes import Outcome, Stays, Transitions

Codes = NDArray[np.int32]


class Overrides:
    """Thresholds by slot of the registry, as of one version of it."""

    def __init__(self) -> None:
        self._fleet: FleetColumns | None = None
        self._version = 0
        self._specs: list[str] = []
        self._by_slot: Codes | None = None

    def outcome(self, rule: Rule, columns: Columns) -> Outcome:
        """Let a rule judge a batch, places with thresholds of their own apart."""
        self._look(columns.fleet)
        if self._by_slot is None:
            return rule.judge(columns)
        own = [_own(rule, spec) for spec in self._specs]
        number = {spec: n for n, spec in enumerate(dict.fromkeys(map(_key, own)))}
        codes = np.array([number[_key(each)] for each in own])
        slot = columns.fleet_slot
        spec = np.where(slot >= 0, self._by_slot.take(slot, mode="clip"), 0)
        code = codes[spec]
        if not code.any():
            return rule.judge(columns)
        parts = [np.flatnonzero(code == one) for one in np.unique(code).tolist()]
        return _joined(columns, parts, [_judged(rule, columns, part, own[spec[part[0]]]) for part in parts])

    def _look(self, fleet: FleetColumns) -> None:
        if self._fleet is fleet and self._version == fleet.version:
            return
        self._fleet, self._version, self._by_slot = fleet, fleet.version, None
        said = fleet.asset_column("thresholds")
        specs = {text for text in said.tolist() if isinstance(text, str)}
        if not specs:
            return
        self._specs = ["", *sorted(specs)]
        by_asset = np.zeros(len(said), np.int32)
        for number, text in enumerate(self._specs[1:], 1):
            by_asset[np.flatnonzero(said == text)] = number
        slots = np.arange(len(fleet.column("report_interval_s")), dtype=np.int32)
        asset = fleet.asset_rows_at(slots, np.full(len(slots), NEVER_US - 1))
        self._by_slot = np.where(asset >= 0, by_asset.take(asset, mode="clip"), 0).astype(np.int32)


def faults_of(rules: Sequence[Rule], specs: Sequence[str]) -> list[str]:
    """Give, in words, what thresholds of places name that there is not, or that is out of range."""
    known = {rule.name: {param.name: param for param in rule.params} for rule in rules}
    faults = []
    for spec in specs:
        for rule, values in thresholds_of(spec).items():
            for name, value in values.items():
                if name not in known.get(rule, {}):
                    faults.append(f"{rule}.{name} is no threshold of a rule")
                    continue
                try:
                    known[rule][name].checked(rule, value)
                except ValueError as error:
                    faults.append(str(error))
    return list(dict.fromkeys(faults))


def _own(rule: Rule, spec: str) -> dict[str, float]:
    """Give what a place says of a rule's thresholds and is within their range."""
    params = {param.name: param for param in rule.params}
    said = thresholds_of(spec).get(rule.name, {}) if spec else {}
    return {
        name: value
        for name, value in said.items()
        if name in params and params[name].low <= value <= params[name].high
    }


def _key(own: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(own.items()))


def _judged(rule: Rule, columns: Columns, part: Indices, own: Mapping[str, float]) -> Outcome:
    """Let a rule judge some groups with their thresholds."""
    place = np.full(columns.groups, -1, np.intp)
    place[part] = np.arange(len(part))
    row = np.flatnonzero(place[columns.group] >= 0)
    part_only = replace(
        columns,
        group=place[columns.group[row]],
        time_us=columns.time_us[row],
        frame=columns.frame[row],
        values={name: values[row] for name, values in columns.values.items()},
        state={name: values[part] for name, values in columns.state.items()},
        fleet_slot=columns.fleet_slot[part],
        params={**columns.params, **own},
        leading=columns.leading[part],
        shared={},
    )
    return rule.judge(part_only)


def _joined(columns: Columns, parts: Sequence[Indices], outcomes: Sequence[Outcome]) -> Outcome:
    """Put the answers for some groups each together."""
    state: dict[str, NDArray[Any]] = {}
    for name, values in columns.state.items():
        state[name] = np.empty_like(values)
        for part, outcome in zip(parts, outcomes, strict=True):
            state[name][part] = outcome.state[name]
    told = [(part, outcome.transitions) for part, outcome in zip(parts, outcomes, strict=True)]
    stays = [
        (part, outcome.stays)
        for part, outcome in zip(parts, outcomes, strict=True)
        if outcome.stays is not None and len(outcome.stays.group)
    ]
    moved = _transitions([(part, one) for part, one in told if len(one.group)])
    return Outcome(state, moved, Stays(*_columns(stays, _STAY)) if stays else None)


_STAY = ("group", "version", "arrived_us", "departed_us", "frame")
_EPISODE = ("group", "start_us", "version", "raised_us", "cleared_us", "frame")


def _transitions(told: Sequence[tuple[Indices, Transitions]]) -> Transitions:
    if not told:
        return Transitions.none()
    group, start_us, version, raised_us, cleared_us, frame = _columns(told, _EPISODE)
    evidence = {name: np.concatenate([one.evidence[name] for _, one in told]) for name in told[0][1].evidence}
    marks = (_marks(told, name) for name in ("is_latched", "is_worse"))
    return Transitions(group, start_us, version, raised_us, cleared_us, frame, evidence, *marks)


def _marks(told: Sequence[tuple[Indices, Transitions]], name: str) -> Mask | None:
    """Give a mark of several answers; None if none has it anywhere."""
    masks = [getattr(one, name) for _, one in told]
    if all(mask is None for mask in masks):
        return None
    return np.concatenate(
        [
            np.zeros(len(one.group), np.bool_) if mask is None else mask
            for (_, one), mask in zip(told, masks, strict=True)
        ]
    )


def _columns(told: Sequence[tuple[Indices, Any]], names: Sequence[str]) -> list[NDArray[Any]]:
    """Give columns of several answers as one, groups numbered as in the whole batch."""
    group = np.concatenate([part[one.group] for part, one in told])
    return [group, *(np.concatenate([getattr(one, name) for _, one in told]) for name in names[1:])]
