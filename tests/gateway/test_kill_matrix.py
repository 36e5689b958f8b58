"""kill -9 at places in the code, edge and core, all stores and receivers at work: nothing lost or doubled."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fault_plans import in_force
from influx_stand import Influxd, running
from kill_matrix import Toll, live_and_fall
from letting_go import let_go_soon, let_go_to
from mqtt_district import staged
from narrowgate_gateway.demo_city import Stage
from narrowgate_ingest.tail import Tail
from undisturbed import by_duckdb, by_influxdb, left_by_core, of_its_journal

ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))
TOLL = Toll(edge=8, core=8, both=2)


def steps_of(stage: Stage) -> set[str]:
    """Give the idempotency keys of all steps of all cases."""
    sql = (
        "SELECT finding || '-' || row_number() OVER (PARTITION BY case_id ORDER BY case_steps.id)"
        " FROM case_steps JOIN cases ON cases.id = case_id"
    )
    with closing(sqlite3.connect(stage.home.state)) as state:
        return {key for (key,) in state.execute(sql)}


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_processes_that_fall_at_places_in_their_code_lose_double_and_change_nothing(
    tmp_path: Path, seed: int
) -> None:
    """Twenty kills: acknowledged is stored once in both stores, all else as an undisturbed core has it.

    Every other home keeps a day of readings and little of its journal: what it let go of is archived, once,
    and InfluxDB was away for so long that it has it from there.
    """
    print(f"\nseed {seed}: {TOLL}")  # noqa: T201 - a run that fails is run again by its seed
    lets_go = seed % 2 == 0
    devices, hours = (24, 40.0) if lets_go else (40, 28.0)
    stage = staged(tmp_path / "home", seed=7, devices=devices, hours=hours)
    kept = let_go_soon(stage) if lets_go else None
    with running(Influxd(tmp_path)) as server, in_force(tmp_path / "faults") as faults:
        left = asyncio.run(live_and_fall(stage, faults, server, seed, TOLL, kept))
        sent_on = by_influxdb(server)
    let_go, first = let_go_to(stage.home), Tail(stage.home.journal).start()
    print(f"fallen: {dict(left.fallen)}; let go: {let_go}, journal from {first}")  # noqa: T201

    assert left.fallen.total() >= TOLL.kills
    assert left.summary.objections == []
    assert left.withheld == set()
    assert by_duckdb(left.stage) == sent_on
    assert left_by_core(left.stage) == of_its_journal(
        left.stage, tmp_path / "undisturbed", is_compacted=lets_go
    )
    assert left.letters.keys() == steps_of(left.stage)
    assert {len(bodies) for bodies in left.letters.values()} == {1}
    assert (min(first, *let_go.values()) > 0) is lets_go
