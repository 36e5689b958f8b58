"""What rules see of a batch: reckoned once for all rules of a family."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.columns import FleetColumns, Floats, Indices, Instants, Mask
from narrowgate_rules.key_index import Key
from narrowgate_rules.late import Verdict, believed_times, weigh
from narrowgate_rules.memories import Reach, Rows
from narrowgate_rules.roles import NETWORK, Codes, rows_of
from narrowgate_rules.segments import first_rows
from narrowgate_rules.slots import Named, SeriesTable
from narrowgate_schema.words import Late

_NONE: Instants = np.empty(0, dtype=np.int64)
_NOWHERE: Indices = np.empty(0, dtype=np.intp)


@dataclass(frozen=True)
class Intake:
    """One family's rows, weighed and sorted, nothing of it written yet."""

    batch: pa.RecordBatch
    frame: Instants
    time_us: Instants
    slot: Indices
    fresh: list[Key]
    verdict: Verdict


@dataclass(frozen=True)
class Groups:
    """The (device, series) that have rows or are due."""

    touched: Indices
    """(groups,) slots, increasing."""
    group: Indices
    """(n,) group of each row."""
    named: Named
    fleet_slot: NDArray[np.int32]
    leading: Mask
    shared: dict[Any, Any] = field(default_factory=dict)
    """What one rule reckoned of the rows and another may want."""

    def reach(self, rows: Rows) -> Reach:
        """Give what is remembered of the groups, fetched once."""
        if "reach" not in self.shared:
            self.shared["reach"] = Reach(rows, self.touched)
        reached: Reach = self.shared["reach"]
        return reached


def taken_in(batch: pa.RecordBatch, table: SeriesTable, future_tolerance_s: float) -> Intake:
    """Find the rows' slots, weigh their clocks and sort them."""
    time_us, received_us = _instants(batch, "time"), _instants(batch, "received_at")
    frame = batch.column("frame").to_numpy()
    slot, fresh = table.find(batch)
    believed = believed_times(time_us, received_us, future_tolerance_s)
    verdict = weigh(slot, frame, time_us, believed, table.newest_us.take(slot))
    return Intake(batch, frame, time_us, slot, fresh, verdict)


class Sight:
    """The rows that rules of one family with one answer to late rows see, sorted by (slot, arrival)."""

    def __init__(
        self,
        intake: Intake | None,
        late: Late,
        table: SeriesTable,
        fleet: FleetColumns,
        roles: Codes | None = None,
    ) -> None:
        """Look at a batch.

        Args:
            intake: its rows; None = it has none of the family.
            late: what becomes of late rows.
            table: the slots.
            fleet: the registry.
            roles: of its assets, as `Roles` gives them.
        """
        self.fleet = fleet
        self._roles = roles
        self._intake, self._table = intake, table
        self._order = _NOWHERE if intake is None else _order_for(intake.verdict, late)
        self._slots = _NOWHERE if intake is None else intake.slot[self._order]
        self._first = first_rows(self._slots)
        self.touched = self._slots[self._first]
        """Slots that have rows, increasing."""
        self._values: dict[str, Floats] = {}

    @cached_property
    def time_us(self) -> Instants:
        """The device's time, (n,) [us]."""
        return _NONE if self._intake is None else self._intake.time_us[self._order]

    @cached_property
    def frame(self) -> Instants:
        """Journal offset, (n,)."""
        return _NONE if self._intake is None else self._intake.frame[self._order]

    @cached_property
    def missing(self) -> frozenset[str]:
        """The columns in which the batch has no value."""
        if self._intake is None:
            return frozenset()
        batch = self._intake.batch
        columns = zip(batch.schema.names, batch.columns, strict=True)
        return frozenset(name for name, column in columns if column.null_count == batch.num_rows)

    @cached_property
    def groups(self) -> Groups:
        """The groups of the rows."""
        return self._groups(self.touched, np.cumsum(self._first) - 1)

    def with_due(self, due: Indices) -> Groups:
        """Give the groups of the rows and those of some slots more."""
        touched = np.union1d(self.touched, due)
        return self._groups(touched, np.searchsorted(touched, self._slots))

    def values(self, names: Sequence[str], roles: tuple[str, ...] = ()) -> dict[str, Floats]:
        """Give inputs, (n,) each; those of places with other roles, if some are named, are NaN."""
        if self._roles is None or not roles or not names:
            return {name: self.value(name) for name in names}
        is_spoken_of = self._spoken_of(roles, self._roles)
        if is_spoken_of.all():
            return {name: self.value(name) for name in names}
        return {name: np.where(is_spoken_of, self.value(name), np.nan) for name in names}

    def rows_of_network(self) -> pa.RecordBatch:
        """Give the rows of places that are no customers', in the order of the batch."""
        if self._intake is None or self._roles is None:
            raise ValueError("there are no rows, or all are customers'")
        row = np.sort(self._order[self._spoken_of(NETWORK, self._roles)])
        return self._intake.batch.take(pa.array(row))

    def _spoken_of(self, roles: tuple[str, ...], codes: Codes) -> Mask:
        groups = self.groups
        key = ("roles", roles)
        if key not in groups.shared:
            slot = groups.fleet_slot[groups.group]
            groups.shared[key] = rows_of(roles, codes, self.fleet, slot, self.time_us)
        spoken_of: Mask = groups.shared[key]
        return spoken_of

    def value(self, name: str) -> Floats:
        """Give an input, (n,); missing and infinite are NaN."""
        if name not in self._values:
            self._values[name] = _floats(self._intake, name, self._order)
        return self._values[name]

    def _groups(self, touched: Indices, group: Indices) -> Groups:
        fresh = [] if self._intake is None else self._intake.fresh
        named = Named(self._table, fresh, touched)
        fleet_slot = self._table.registry_slots(named, self.fleet)
        return Groups(touched, group, named, fleet_slot, self._table.leading(named))


def _order_for(verdict: Verdict, late: Late) -> Indices:
    """Give the rows a rule sees, sorted by (slot, arrival)."""
    is_late = verdict.late[verdict.order]
    return verdict.order if late is Late.REVISE or not is_late.any() else verdict.order[~is_late]


def _instants(batch: pa.RecordBatch, name: str) -> Instants:
    column = batch.column(name)
    counted = column if pa.types.is_int64(column.type) else column.view(pa.int64())
    return counted.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _floats(intake: Intake | None, name: str, order: Indices) -> Floats:
    """Give an input in the rule's order; missing and infinite are NaN."""
    if intake is None:
        return np.empty(0, dtype=np.float64)
    column = intake.batch.column(name)
    if column.null_count == len(column):
        return np.full(len(order), np.nan)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not pa.types.is_float64(column.type):
        column = column.cast(pa.float64())
    values: Floats = column.to_numpy(zero_copy_only=False)[order]
    is_finite = np.isfinite(values)
    return values if is_finite.all() else np.where(is_finite, values, np.nan)
