"""What holds for every registry: round trips, slots, and assignments against a plain scan."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet_rows import FAMILIES, exported, fleet_of, slots_by_device, take
from narrowgate_fleet import COLUMNS, Column, Registry
from narrowgate_fleet.cells import ALWAYS_US, OPEN_US, printed
from narrowgate_fleet.changes import Census
from narrowgate_fleet.columns import DEVICE_ATTRIBUTES
from narrowgate_fleet.fleet import Fleet
from narrowgate_fleet.spells import Spell
from narrowgate_fleet.tables import (
    ASSETS,
    DEVICES,
    FleetTables,
    assignments_table,
    index_table,
    keys_table,
    placed_table,
)

FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
DEVICES_KNOWN = [f"d{index}" for index in range(6)]
ASSETS_KNOWN = ["", "A", 'B "the, second"', "C；路", "=1+1", "'D'"]
INSTANTS = ["", "2026-01-01T00:00:00Z", "2026-02-01T08:00:00.000001+08:00", "2027-01-01T00:00:00Z"]
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20).map(str.strip)


def _cells(column: Column) -> st.SearchStrategy[str]:
    if column.form == "number":
        numbers = st.floats(max(column.least, -1e9), min(column.most, 1e9), allow_subnormal=False)
        return st.one_of(st.just(""), numbers.map(lambda number: printed(column, number + 0.0)))
    fixed = {
        "device": st.sampled_from(DEVICES_KNOWN),
        "asset": st.sampled_from(ASSETS_KNOWN),
        "profile": st.sampled_from(sorted(FAMILIES)),
        "imei": st.sampled_from(["", "864123456789012"]),
        "family": st.just(""),
        "stay_limit": st.sampled_from(["", "2h", "mon-fri 08:00-20:00 2h; sat 08:00-14:00 4h"]),
        "dimming_curve": st.sampled_from(["", "0:1.5 100:98"]),
    }
    if column.form == "instant":
        return st.sampled_from(INSTANTS)
    if column.form == "word":
        return fixed.get(column.name, st.sampled_from(["", *column.accepted]))
    return fixed.get(column.name, TEXTS)


FILES = st.lists(st.tuples(*(_cells(column) for column in COLUMNS)), max_size=12)


def _text(rows: list[tuple[str, ...]]) -> str:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "\n".join([",".join(column.name for column in COLUMNS), *quoted]) + "\n"


@contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _census(home: Path) -> tuple[dict[str, object], dict[str, object], list[Spell]]:
    with Registry(home) as registry:
        census: Census = registry.census()
    return dict(census.devices), dict(census.assets), sorted(census.spells)


@FEW
@given(files=st.lists(FILES, min_size=1, max_size=3))
def test_an_export_imports_to_the_same_registry(files: list[list[tuple[str, ...]]]) -> None:
    """Whatever rows were taken, the exported file makes an equal registry with equal slots."""
    with _home() as home, _home() as other:
        for rows in files:
            take(home, _text(rows), skip_bad=True)
        faults = take(other, exported(home)).faults

        assert faults == []
        assert _census(other) == _census(home)
        assert fleet_of(other).column("device").tolist() == fleet_of(home).column("device").tolist()


@FEW
@given(rows=FILES)
def test_any_file_taken_twice_changes_nothing(rows: list[tuple[str, ...]]) -> None:
    """Importing is idempotent, also for the export of what was imported."""
    with _home() as home:
        taken = take(home, _text(rows), skip_bad=True)
        bad_lines = {fault.line for fault in taken.faults}
        good = [row for line, row in enumerate(rows, start=2) if line not in bad_lines]

        assert take(home, _text(good)).changes.is_empty
        assert take(home, exported(home)).changes.is_empty


@FEW
@given(files=st.lists(FILES, min_size=2, max_size=4))
def test_a_device_keeps_its_slot(files: list[list[tuple[str, ...]]]) -> None:
    """A later version may add slots, it moves none."""
    with _home() as home:
        slots: dict[str, int] = {}
        for rows in files:
            take(home, _text(rows), skip_bad=True)
            now = slots_by_device(fleet_of(home), DEVICES_KNOWN)
            assert {device: now[device] for device in slots} == slots
            slots = {device: slot for device, slot in now.items() if slot >= 0}


def _fleet(spells: list[tuple[int, int, int, int]], slot_count: int) -> Fleet:
    unset = [None if column.form != "number" else np.nan for column in DEVICE_ATTRIBUTES]
    devices = placed_table(DEVICES, [(slot, f"d{slot}", *unset) for slot in range(slot_count)])
    assets = placed_table(ASSETS, [])
    return Fleet(
        FleetTables(1, devices, assets, assignments_table(spells), index_table(devices), keys_table([]))
    )


INSTANTS_US = st.one_of(st.sampled_from([ALWAYS_US, OPEN_US]), st.integers(-50, 50))
EDGES = st.lists(INSTANTS_US, unique=True, max_size=9)


@settings(max_examples=200, deadline=None)
@given(
    edges_by_slot=st.lists(EDGES, max_size=5),
    queries=st.lists(st.tuples(st.integers(-2, 6), st.integers(-55, 55)), max_size=30),
)
def test_the_asset_of_an_instant_is_that_of_a_plain_scan(
    edges_by_slot: list[list[int]], queries: list[tuple[int, int]]
) -> None:
    """The halving lookup finds what a loop over all assignments finds."""
    spells = [
        (slot, 100 * slot + index, start, end)
        for slot, edges in enumerate(edges_by_slot)
        for index, (start, end) in enumerate(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
    ]
    scanned = [
        next((row for s, row, start, end in spells if s == slot and start <= time < end), -1)
        for slot, time in queries
    ]
    slots = np.array([slot for slot, _ in queries], np.int32)
    times_us = np.array([time for _, time in queries], np.int64)

    assert _fleet(spells, len(edges_by_slot)).asset_rows_at(slots, times_us).tolist() == scanned
