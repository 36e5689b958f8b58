"""Runs rules over batches: the one way from readings to findings, live, in replay and in backtest.

1. Find the state slot of each row's (device, series); new ones get the slots behind the last.
2. Mark clocks that cannot be believed, and rows that are late.
3. Sort the believed rows by (slot, arrival).
4. For each rule that the rows could move: gather the state of the slots that have rows or are due, and let
   it judge.
5. Decide, tick by tick, what of all that the desk is told (`causes`).
6. When all went well, write the state back. A rule that raises leaves the engine as it was.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_rules.causes import (
    NOTHING,
    RELEASE,
    Caused,
    Causes,
    GroupRule,
    Setting,
    Shelf,
    findings_batch,
)
from narrowgate_rules.columns import BEFORE_US, NEVER_US, Columns, FleetColumns, Indices, State, Ticks
from narrowgate_rules.declaration import Parameters, Rule, Tuned, resolved
from narrowgate_rules.findings import Said, Standing, findings_of, sessions_of
from narrowgate_rules.hearing import Hearing
from narrowgate_rules.lasting import HOLDS, OPEN, TOLD, WORSE
from narrowgate_rules.memories import Memory, Reach, Rows, memories_of
from narrowgate_rules.overrides import Overrides
from narrowgate_rules.roles import Codes, Roles, network_of
from narrowgate_rules.sight import Intake, Sight, taken_in
from narrowgate_rules.snapshot import Frozen, frozen, tables_for, thawed
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family, Late


@dataclass(frozen=True)
class Judged:
    """What the rules made of one batch."""

    findings: pa.RecordBatch
    """FINDINGS: every transition a version of its own, ordered by the frame that decided."""
    causes: pa.RecordBatch
    """FINDINGS: what the desk is told, ordered by the frame that decided."""
    sessions: pa.RecordBatch
    """SESSIONS."""
    readings: dict[Family, pa.RecordBatch]
    """As handed in, with `late` filled and clocks that are not believed marked."""


class Engine:
    """Rules, their thresholds and their memory."""

    def __init__(
        self,
        rules: Sequence[Rule],
        parameters: Parameters | None = None,
        *,
        groups: Sequence[GroupRule] | None = None,
        timezone: ZoneInfo | None = None,
        future_tolerance_s: float = 600.0,
    ) -> None:
        """Take rules whose names differ.

        Args:
            rules: in the order they are to run; the findings do not depend on it.
            groups: what devices lose together, the largest first; None: the desk is told every finding as it
                comes.
            parameters: thresholds by rule and name; what is left out has its default.
            timezone: the city's, for limits by time of day; UTC if None.
            future_tolerance_s: how far a device's clock may run ahead of the arrival [s].

        Raises:
            ValueError: names every unknown rule or parameter and every value out of range.
        """
        tuned: list[Tuned] = [*rules]
        if groups is not None:
            tuned += [*groups, RELEASE]
        if len({each.name for each in tuned}) != len(tuned):
            raise ValueError("two rules have one name")
        if not 0.0 <= future_tolerance_s <= 86_400.0:
            raise ValueError(f"future_tolerance_s = {future_tolerance_s!r}: wants 0 to 86400 [s]")
        self._rules = tuple(rules)
        self._params = resolved(tuned, parameters or {})
        self._causes = None if groups is None else Causes(Setting(tuple(groups), self._params, self._rules))
        self._remembered = NOTHING
        self._timezone = timezone or ZoneInfo("UTC")
        self._future_tolerance_s = future_tolerance_s
        self._tables = tables_for(self._rules)
        self._memories, self._rows = memories_of(self._rules)
        self._roles, self._overrides = Roles(), Overrides()
        self._now_us = BEFORE_US
        self._rest: dict[frozenset[str], frozenset[str]] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Give the rules."""
        return self._rules

    @property
    def versions(self) -> dict[str, int]:
        """Give the versions of the rules and groups, by name."""
        groups = () if self._causes is None else self._causes.setting.groups
        versions = {rule.name: rule.version for rule in self._rules}
        return versions | {group.name: group.version for group in groups}

    def shelve(self, shelves: Sequence[Shelf]) -> None:
        """Hear of what lies on some shelves, and on no other, once they are over only."""
        if self._causes is not None:
            self._causes.shelve(tuple(shelves))

    def clear(
        self, rule: str, device: str, series: str, ended: pa.RecordBatch, fleet: FleetColumns
    ) -> pa.RecordBatch:
        """End a latched episode, as an operator says; give what the desk is told of it.

        Args:
            rule: one that latches.
            device: whose episode.
            series: of its.
            ended: its last version, FINDINGS.
            fleet: the registry.

        Raises:
            ValueError: the rule does not latch, or its episode is not over; the engine is as before.
        """
        latching = next((each for each in self._rules if each.name == rule and each.latches), None)
        if latching is None:
            raise ValueError(f"{rule} ends by itself: no operator clears it")
        slot, fresh = self._tables[latching.realm].find(
            pa.RecordBatch.from_pydict({"device": [device], "series": [series]}, schema=_KEYS)
        )
        memory = self._memories[rule]
        state = {} if fresh else memory.take(slot)
        if fresh or state[OPEN][0] == NEVER_US:
            raise ValueError(f"{rule} is not open of {device}")
        if state[HOLDS][0]:
            raise ValueError(f"{rule} still holds of {device}: it can be cleared once it is over")
        caused = self._caused(ended, Ticks.none(), Hearing(self._tables, {}, fleet), fleet)
        memory.put(slot, {**state, OPEN: np.array([NEVER_US]), TOLD: np.array([0]), WORSE: np.array([0])})
        self._remembered = NOTHING if caused is None else caused.remembered
        return ended if caused is None else findings_batch(caused.causes)

    def judge(self, readings: Mapping[Family, pa.RecordBatch], ticks: Ticks, fleet: FleetColumns) -> Judged:
        """Judge one batch: readings by family in arrival order, and the ticks between them.

        A frame's rows, and all frames and ticks up to some journal offset, belong into one call.

        Raises:
            ValueError: a batch without its family's schema, or ticks out of order; the engine is as before,
                as it is after anything that a rule raises.
        """
        forward = ticks.forward_from(self._now_us)
        marked = {family: self._intake(family, readings[family]) for family in sorted(readings)}
        codes = self._roles.by_asset(fleet)
        intakes = {family.value: intake for family, intake in marked.items()}
        if codes is not None:
            intakes |= self._of_network(intakes, fleet, codes)
        sights = {
            key: Sight(intakes.get(key[0]), key[1], self._tables[key[0]], fleet, codes)
            for key in {(rule.realm, rule.late) for rule in self._rules}
        }
        answers = [self._judged_by(rule, sights[rule.realm, rule.late], forward) for rule in self._rules]
        touched = [answer for answer in answers if answer is not None]
        findings = findings_of([said for _, said in touched], fleet)
        caused = self._caused(findings, forward, Hearing(self._tables, intakes, fleet), fleet)
        judged = Judged(
            findings=findings if caused is None else _together(findings, caused.groups),
            causes=findings if caused is None else findings_batch(caused.causes),
            sessions=sessions_of([said for _, said in touched], fleet),
            readings={family: _marked(intake) for family, intake in marked.items()},
        )
        self._write(intakes, forward, touched)
        self._remembered = NOTHING if caused is None else caused.remembered
        return judged

    def _caused(
        self, findings: pa.RecordBatch, ticks: Ticks, hearing: Hearing, fleet: FleetColumns
    ) -> Caused | None:
        if self._causes is None:
            return None
        return self._causes.judge(self._remembered, findings, ticks, hearing, fleet)

    def snapshot(self) -> bytes:
        """Give the whole memory as bytes that `restore` takes."""
        return frozen(self._rules, self._image())

    def _image(self) -> Frozen:
        return Frozen(self._now_us, self._tables, self._memories, self._rows, self._remembered)

    def restore(self, data: bytes) -> tuple[str, ...]:
        """Take a snapshot's memory over; give the names of the rules that start anew.

        A rule starts anew if the snapshot has none of it, another version of it, or another state layout.

        Raises:
            ValueError: the bytes are no whole snapshot that this release reads; the engine is as before.
        """
        image, anew = thawed(self._rules, data)
        self._now_us, self._tables = image.now_us, image.tables
        self._memories, self._rows = image.memories, image.rows
        if self._causes is not None:
            names = [group.name for group in self._causes.setting.groups]
            goes_on = {name: version for name, version in self.versions.items() if name not in anew}
            self._remembered = image.remembered.followed(goes_on, names)
        return anew

    @property
    def now_us(self) -> int:
        """Give the instant of the last tick that was heard [us]."""
        return self._now_us

    def beginner(self, names: Collection[str]) -> "Engine":
        """Give an engine of some of the rules, with the same thresholds, that has heard nothing.

        Raises:
            ValueError: a name is no rule's.
        """
        own = [rule for rule in self._rules if rule.name in names]
        if len(own) != len(set(names)):
            raise ValueError(f"no rules: {', '.join(sorted(set(names) - {rule.name for rule in own}))}")
        warm = Engine(own, timezone=self._timezone, future_tolerance_s=self._future_tolerance_s)
        warm._params = {rule.name: dict(self._params[rule.name]) for rule in own}
        return warm

    def adopt(self, warm: "Engine", standing: pa.RecordBatch, fleet: FleetColumns) -> pa.RecordBatch:
        """Let rules know what a beginner has heard; give what the desk is told of it.

        Args:
            warm: the beginner, which has heard all up to what is judged next.
            standing: FINDINGS: the last versions of its episodes that are open.
            fleet: the registry.
        """
        caused = self._caused(standing, Ticks.none(), Hearing(self._tables, {}, fleet), fleet)
        self._take_over(warm)
        if caused is None:
            return standing
        self._remembered = caused.remembered
        return findings_batch(caused.causes)

    def warm_up(
        self,
        names: Collection[str],
        past: Iterable[tuple[Mapping[Family, pa.RecordBatch], Ticks]],
        fleet: FleetColumns,
    ) -> pa.RecordBatch:
        """Let rules that began anew hear the past, of which nobody is told; all others are as before.

        Args:
            names: the rules, as `restore` named them.
            past: readings and ticks in arrival order, as for `judge`: all up to what is judged next.
            fleet: the registry.

        Returns:
            FINDINGS: the episodes of these rules that are open now, at their last versions.

        Raises:
            ValueError: a name is no rule's, or what `judge` refuses; the engine is as before.
        """
        warm, standing = self.beginner(names), Standing()
        for readings, ticks in past:
            standing.hear(warm.judge(readings, ticks, fleet).findings)
        self._take_over(warm)
        return standing.findings()

    def _take_over(self, warm: "Engine") -> None:
        for realm in {rule.realm for rule in warm._rules}:
            known, table = warm._tables[realm], self._tables[realm]
            device, series = known.texts()
            slots, fresh = table.find(pa.RecordBatch.from_arrays([device, series], schema=_KEYS))
            table.add(fresh)
            order = np.argsort(slots)
            newest_us = np.maximum(known.newest_us.all(len(known)), table.newest_us.take(slots))
            table.newest_us.put(slots[order], newest_us[order])
            for rule in warm._rules:
                if rule.realm == realm:
                    state = warm._memories[rule.name].take(np.arange(len(slots)))
                    ordered = {name: column[order] for name, column in state.items()}
                    self._memories[rule.name].put(slots[order], ordered)

    def _intake(self, family: Family, batch: pa.RecordBatch) -> Intake:
        if not batch.schema.equals(READINGS[family]):
            raise ValueError(f"{family} readings do not have the schema of {family} readings")
        return taken_in(batch, self._tables[family.value], self._future_tolerance_s)

    def _of_network(
        self, intakes: Mapping[str, Intake], fleet: FleetColumns, codes: Codes
    ) -> dict[str, Intake]:
        """Give the rows of meters that are no customers', by realm, where rules speak of such meters."""
        found = {}
        for family in Family:
            realm = network_of(family)
            if family.value in intakes and realm in self._rows:
                sight = Sight(intakes[family.value], Late.REVISE, self._tables[family.value], fleet, codes)
                batch = sight.rows_of_network()
                if batch.num_rows:
                    found[realm] = taken_in(batch, self._tables[realm], self._future_tolerance_s)
        return found

    def _judged_by(self, rule: Rule, sight: Sight, ticks: Ticks) -> tuple[Reach, Said] | None:
        """Let a rule judge; None if that could change nothing."""
        memory = self._memories[rule.name]
        due = memory.due(len(self._tables[rule.realm]), ticks) if rule.takes_ticks else _NOWHERE
        if not len(due) and self._nothing_to_say(rule, sight):
            return None
        groups = sight.groups if not len(due) else sight.with_due(due)
        reach = groups.reach(self._rows[rule.realm])
        columns = Columns(
            group=groups.group,
            time_us=sight.time_us,
            frame=sight.frame,
            values=sight.values(rule.inputs, rule.roles),
            state=memory.turned(reach.rows),
            fleet_slot=groups.fleet_slot,
            fleet=sight.fleet,
            params=self._params[rule.name],
            ticks=ticks,
            now_us=self._now_us,
            timezone=self._timezone,
            leading=groups.leading,
            shared=groups.shared,
        )
        outcome = self._overrides.outcome(rule, columns)
        memory.refuse_misshapen(rule.name, len(groups.touched), outcome.state)
        return reach, Said(rule, outcome, groups.named, groups.fleet_slot)

    def _nothing_to_say(self, rule: Rule, sight: Sight) -> bool:
        return not len(sight.touched) or rule.name in self._resting(sight.missing)

    def _resting(self, missing: frozenset[str]) -> frozenset[str]:
        """Give the rules that a batch without any value of some columns cannot move."""
        if missing not in self._rest:
            if len(self._rest) >= _MOST_RESTS:
                self._rest.clear()
            self._rest[missing] = frozenset(rule.name for rule in self._rules if rule.rests(missing))
        return self._rest[missing]

    def _write(
        self, intakes: Mapping[str, Intake], ticks: Ticks, touched: Sequence[tuple[Reach, Said]]
    ) -> None:
        for realm, intake in intakes.items():
            self._tables[realm].add(intake.fresh)
            self._tables[realm].newest_us.put(intake.verdict.slots, intake.verdict.newest_us)
        states: dict[Reach, dict[Memory, State]] = {}
        for reach, said in touched:
            states.setdefault(reach, {})[self._memories[said.rule.name]] = said.outcome.state
        written: set[Rows] = set()
        for reach, given in states.items():
            reach.write(given, whole=reach.table not in written)
            written.add(reach.table)
        if len(ticks.time_us):
            self._now_us = int(ticks.time_us[-1])


_KEYS = pa.schema([("device", pa.string()), ("series", pa.string())])
_MOST_RESTS = 256
"""Different sets of missing columns of which it is known who rests."""
_NOWHERE: Indices = np.empty(0, dtype=np.intp)


def _marked(intake: Intake) -> pa.RecordBatch:
    """Fill `late` (null where the clock is not believed) and mark the clocks that are not believed."""
    batch, believed = intake.batch, intake.verdict.believed
    is_known = bool(believed.all())
    late = pa.array(intake.verdict.late, pa.bool_(), mask=None if is_known else ~believed)
    marked = _with(batch, "late", late)
    if is_known:
        return marked
    doubted = pc.if_else(pa.array(believed), batch.column("clock_unsynchronised"), pa.scalar(True))
    return _with(marked, "clock_unsynchronised", doubted)


def _with(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    place = batch.schema.get_field_index(name)
    return batch.set_column(place, batch.schema.field(place), column)


def _together(findings: pa.RecordBatch, groups: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Put versions of groups' findings among the others, by the frame that decided."""
    if not groups:
        return findings
    table = pa.Table.from_batches([findings, findings_batch(groups)])
    order = np.argsort(table.column("frame").to_numpy(), kind="stable")
    return table.take(order).combine_chunks().to_batches()[0]
