"""When each device of the registry was heard last, as of some place in a batch."""

from collections.abc import Mapping

import numpy as np

from narrowgate_rules.columns import BEFORE_US, FleetColumns, Indices, Instants
from narrowgate_rules.sight import Intake
from narrowgate_rules.slots import Named, SeriesTable
from narrowgate_schema.words import Family


class Hearing:
    """Asked tick by tick, in the order of their offsets; costs nothing where nobody asks."""

    def __init__(
        self, tables: Mapping[str, SeriesTable], intakes: Mapping[str, Intake], fleet: FleetColumns
    ) -> None:
        """Take what was heard before the batch, and the batch."""
        self._tables, self._intakes, self._fleet = tables, intakes, fleet
        self._parts: dict[Family, _Part] = {}

    def __call__(self, offset: int) -> dict[Family, Instants]:
        """Give the newest time of each registry slot of rows before a journal offset, (slots,) [us].

        BEFORE_US where nothing was ever heard of it in a family.
        """
        slots = len(self._fleet.column("report_interval_s"))
        heard = {}
        for family in Family:
            if family not in self._parts:
                table = self._tables[family.value]
                self._parts[family] = _Part(table, self._intakes.get(family.value), self._fleet)
            heard[family] = self._parts[family].by_slot(offset, slots)
        return heard


class _Part:
    """One family's series."""

    def __init__(self, table: SeriesTable, intake: Intake | None, fleet: FleetColumns) -> None:
        fresh = [] if intake is None else intake.fresh
        series = np.arange(len(table) + len(fresh))
        self._newest_us: Instants = table.newest_us.take(series).copy()
        self._registry = table.registry_slots(Named(table, fresh, series), fleet)
        self._row: Indices = np.empty(0, np.intp)
        if intake is not None:
            order = intake.verdict.order
            self._row = order[np.argsort(intake.frame[order], kind="stable")]
            self._slot, self._time_us = intake.slot, intake.time_us
            self._frame = intake.frame[self._row]
        self._done = 0

    def by_slot(self, offset: int, slots: int) -> Instants:
        if len(self._row):
            end = int(np.searchsorted(self._frame, offset))
            row = self._row[self._done : end]
            np.maximum.at(self._newest_us, self._slot[row], self._time_us[row])
            self._done = max(self._done, end)
        heard_us = np.full(slots, BEFORE_US)
        known = (self._registry >= 0) & (self._registry < slots)
        np.maximum.at(heard_us, self._registry[known], self._newest_us[known])
        return heard_us
