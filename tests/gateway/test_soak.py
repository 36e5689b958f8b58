"""A district lives for half an hour while faults by lot come: the ledger balances, and nothing grows."""

import asyncio
import os
import secrets
from pathlib import Path

import pytest

from fault_plans import in_force
from influx_stand import Influxd, running
from mqtt_district import staged
from narrowgate_gateway.demo_summary import count_now
from soak import ROLES, Lot, Watch, soaked
from undisturbed import by_duckdb, by_influxdb, left_by_core, of_its_journal

CHAOS = "NARROWGATE_CHAOS" in os.environ
MINUTES = float(os.environ.get("NARROWGATE_SOAK_MINUTES", "30"))
SEED = int(os.environ.get("NARROWGATE_SOAK_SEED", secrets.randbelow(1 << 31)))
DEVICES = 150
HOURS_A_MINUTE = 7.0
MAY_GROW = 1.1
MAY_GROW_MB = 16.0
MAY_GROW_HANDLES = 8


@pytest.mark.timeout(MINUTES * 240 + 600)
@pytest.mark.skipif(not CHAOS, reason="slow: make chaos runs it")
def test_a_district_under_faults_by_lot_balances_and_does_not_grow(tmp_path: Path) -> None:
    """Acknowledged is stored once, all tables are as undisturbed, memory and handles stay as they are."""
    print(f"\nseed {SEED}: {MINUTES:g} minutes")  # noqa: T201 - a run that fails is run again by its seed
    stage = staged(tmp_path / "home", seed=7, devices=DEVICES, hours=MINUTES * HOURS_A_MINUTE)
    watch = Watch()
    with running(Influxd(tmp_path)) as server, in_force(tmp_path / "faults") as faults:
        lot = Lot(stage, faults, server, SEED, MINUTES * 60.0, watch)
        print(f"faults: {[kind for _, kind in lot.drawn]}")  # noqa: T201
        left = asyncio.run(soaked(stage, server, lot))
        sent_on = by_influxdb(server)
    memory = {role: watch.thirds(role, lambda each: each.memory_mb) for role in ROLES}
    handles = {role: watch.thirds(role, lambda each: each.handles) for role in ROLES}
    print(f"fallen: {dict(left.fallen)}; {left.summary.counts['frames']}")  # noqa: T201
    print(f"memory [MB]: {memory}; handles: {handles}")  # noqa: T201

    # What so many days bring is held against an undisturbed core, not against what was injected.
    assert [each for each in left.summary.objections if not each.endswith("nobody injected")] == []
    assert left.withheld == set()
    assert count_now(stage.home).faults() == []
    assert by_duckdb(stage) == sent_on
    assert left_by_core(stage) == of_its_journal(stage, tmp_path / "undisturbed")
    assert {len(bodies) for bodies in left.letters.values()} <= {1}
    assert [role for role, (first, last) in memory.items() if last > first * MAY_GROW + MAY_GROW_MB] == []
    assert [role for role, (first, last) in handles.items() if last > first + MAY_GROW_HANDLES] == []
