"""Runs rules over batches: the one way from readings to findings, live, in replay and in backtest.

1. Find the state slot of each row's (device, series); new ones get the slots behind the last.
2. Mark clocks that cannot be believed, and rows that are late.
3. Sort the believed rows by (slot, arrival).
4. For each rule: gather the state of the slots that have rows or are due, and let it judge.
5. When all rules went well, write the state back. A rule that raises leaves the engine as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_rules.columns import BEFORE_US, Columns, FleetColumns, Floats, Indices, Instants, Ticks
from narrowgate_rules.declaration import DUE, Parameters, Rule, resolved
from narrowgate_rules.findings import Said, findings_of, sessions_of
from narrowgate_rules.late import Verdict, believed_times, weigh
from narrowgate_rules.slots import Key, Memory, SeriesTable
from narrowgate_rules.snapshot import Frozen, frozen, thawed
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family, Late


@dataclass(frozen=True)
class Judged:
    """What the rules made of one batch."""

    findings: pa.RecordBatch
    """FINDINGS: every transition a version of its own, ordered by the frame that decided."""
    sessions: pa.RecordBatch
    """SESSIONS."""
    readings: dict[Family, pa.RecordBatch]
    """As handed in, with `late` filled and clocks that are not believed marked."""


@dataclass(frozen=True)
class _Intake:
    """One family's rows, weighed and sorted, nothing of it written yet."""

    batch: pa.RecordBatch
    frame: Instants
    time_us: Instants
    slot: Indices
    fresh: list[Key]
    verdict: Verdict


class Engine:
    """Rules, their thresholds and their memory."""

    def __init__(
        self,
        rules: Sequence[Rule],
        parameters: Parameters | None = None,
        *,
        timezone: ZoneInfo | None = None,
        future_tolerance_s: float = 600.0,
    ) -> None:
        """Take rules whose names differ.

        Args:
            rules: in the order they are to run; the findings do not depend on it.
            parameters: thresholds by rule and name; what is left out has its default.
            timezone: the city's, for limits by time of day; UTC if None.
            future_tolerance_s: how far a device's clock may run ahead of the arrival [s].

        Raises:
            ValueError: names every unknown rule or parameter and every value out of range.
        """
        if len({rule.name for rule in rules}) != len(rules):
            raise ValueError("two rules have one name")
        if not 0.0 <= future_tolerance_s <= 86_400.0:
            raise ValueError(f"future_tolerance_s = {future_tolerance_s!r}: wants 0 to 86400 [s]")
        self._rules = tuple(rules)
        self._params = resolved(rules, parameters or {})
        self._timezone = timezone or ZoneInfo("UTC")
        self._future_tolerance_s = future_tolerance_s
        self._tables = {family: SeriesTable() for family in Family}
        self._memories = {rule.name: Memory(rule.state) for rule in rules}
        self._now_us = BEFORE_US

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Give the rules."""
        return self._rules

    def judge(self, readings: Mapping[Family, pa.RecordBatch], ticks: Ticks, fleet: FleetColumns) -> Judged:
        """Judge one batch: readings by family in arrival order, and the ticks between them.

        A frame's rows, and all frames and ticks up to some journal offset, belong into one call.

        Raises:
            ValueError: a batch without its family's schema, or ticks out of order; the engine is as before,
                as it is after anything that a rule raises.
        """
        forward = ticks.forward_from(self._now_us)
        intakes = {family: self._intake(family, readings[family]) for family in sorted(readings)}
        touched = [self._judged_by(rule, intakes.get(rule.family), forward, fleet) for rule in self._rules]
        judged = Judged(
            findings=findings_of([said for _, said in touched], fleet),
            sessions=sessions_of([said for _, said in touched], fleet),
            readings={family: _marked(intake) for family, intake in intakes.items()},
        )
        self._write(intakes, forward, touched)
        return judged

    def snapshot(self) -> bytes:
        """Give the whole memory as bytes that `restore` takes."""
        return frozen(self._rules, Frozen(self._now_us, self._tables, self._memories))

    def restore(self, data: bytes) -> tuple[str, ...]:
        """Take a snapshot's memory over; give the names of the rules that start anew.

        A rule starts anew if the snapshot has none of it, another version of it, or another state layout.

        Raises:
            ValueError: the bytes are no whole snapshot that this release reads; the engine is as before.
        """
        image, anew = thawed(self._rules, data)
        self._now_us, self._tables, self._memories = image.now_us, image.tables, image.memories
        return anew

    def _intake(self, family: Family, batch: pa.RecordBatch) -> _Intake:
        if not batch.schema.equals(READINGS[family]):
            raise ValueError(f"{family} readings do not have the schema of {family} readings")
        table = self._tables[family]
        time_us, received_us = _instants(batch, "time"), _instants(batch, "received_at")
        frame = batch.column("frame").to_numpy()
        slot, fresh = table.find(batch)
        believed = believed_times(time_us, received_us, self._future_tolerance_s)
        verdict = weigh(slot, frame, time_us, believed, table.newest_us.take(slot))
        return _Intake(batch, frame, time_us, slot, fresh, verdict)

    def _judged_by(
        self, rule: Rule, intake: _Intake | None, ticks: Ticks, fleet: FleetColumns
    ) -> tuple[Indices, Said]:
        order = _order_for(rule, intake)
        slots = intake.slot[order] if intake is not None else order
        touched = np.unique(np.concatenate([slots, self._due(rule, ticks)]))
        keys = self._keys(rule.family, touched, intake)
        devices = [device for device, _ in keys]
        fleet_slot = fleet.slots(devices) if devices else np.empty(0, dtype=np.int32)
        memory = self._memories[rule.name]
        columns = Columns(
            group=np.searchsorted(touched, slots),
            time_us=intake.time_us[order] if intake is not None else _NONE,
            frame=intake.frame[order] if intake is not None else _NONE,
            values={name: _floats(intake, name, order) for name in rule.inputs},
            state=memory.take(touched),
            fleet_slot=fleet_slot,
            fleet=fleet,
            params=self._params[rule.name],
            ticks=ticks,
            now_us=self._now_us,
            timezone=self._timezone,
        )
        outcome = rule.judge(columns)
        memory.refuse_misshapen(rule.name, touched, outcome.state)
        return touched, Said(rule, outcome, keys, fleet_slot)

    def _due(self, rule: Rule, ticks: Ticks) -> Indices:
        """Give the slots that a tick of the batch wakes."""
        if not rule.takes_ticks or not len(ticks.time_us):
            return np.empty(0, dtype=np.intp)
        due_us = self._memories[rule.name].columns[DUE].all(len(self._tables[rule.family]))
        return np.flatnonzero(due_us <= ticks.time_us[-1])

    def _keys(self, family: Family, slots: Indices, intake: _Intake | None) -> list[Key]:
        known = self._tables[family].keys
        fresh = intake.fresh if intake is not None else []
        return [known[slot] if slot < len(known) else fresh[slot - len(known)] for slot in slots.tolist()]

    def _write(
        self, intakes: Mapping[Family, _Intake], ticks: Ticks, touched: Sequence[tuple[Indices, Said]]
    ) -> None:
        for family, intake in intakes.items():
            self._tables[family].add(intake.fresh)
            self._tables[family].newest_us.put(intake.verdict.slots, intake.verdict.newest_us)
        for slots, said in touched:
            self._memories[said.rule.name].put(slots, said.outcome.state)
        if len(ticks.time_us):
            self._now_us = int(ticks.time_us[-1])


_NONE: Instants = np.empty(0, dtype=np.int64)


def _order_for(rule: Rule, intake: _Intake | None) -> Indices:
    """Give the rows a rule sees, sorted by (slot, arrival)."""
    if intake is None:
        return np.empty(0, dtype=np.intp)
    order = intake.verdict.order
    return order if rule.late is Late.REVISE else order[~intake.verdict.late[order]]


def _instants(batch: pa.RecordBatch, name: str) -> Instants:
    return batch.column(name).cast(pa.int64()).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _floats(intake: _Intake | None, name: str, order: Indices) -> Floats:
    """Give an input in the rule's order; missing and infinite are NaN."""
    if intake is None:
        return np.empty(0, dtype=np.float64)
    column = intake.batch.column(name)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)[order]
    return np.where(np.isfinite(values), values, np.nan)


def _marked(intake: _Intake) -> pa.RecordBatch:
    """Fill `late` (null where the clock is not believed) and mark the clocks that are not believed."""
    batch, believed = intake.batch, intake.verdict.believed
    late = pa.array(intake.verdict.late, pa.bool_(), mask=~believed)
    marked = pc.if_else(pa.array(believed), batch.column("clock_unsynchronised"), pa.scalar(True))
    columns = [
        {"late": late, "clock_unsynchronised": marked}.get(name, batch.column(name))
        for name in batch.schema.names
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
