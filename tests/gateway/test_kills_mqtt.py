"""kill -9 of edge, core, broker and all three: what the gateway acknowledges to a broker is stored once."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mqtt_district import BROKER, Aftermath, kills_amid_publishing, live_by_mqtt, staged
from narrowgate_schema.words import Disposition
from needs import long

ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))
SEED = 7
DEVICES = 45
HOURS = 28.0
GATEWAY_FALLS = [("edge",), ("core",), ("edge", "core")]
BROKER_FALLS = [(BROKER,), ("edge", "core", BROKER)]


def lived(
    root: Path, seed: int = 0, number: int = 0, sorts: list[tuple[str, ...]] | None = None
) -> Aftermath:
    """Let the district live while victims fall."""
    stage = staged(root / "home", seed=SEED, devices=DEVICES, hours=HOURS)
    plan = kills_amid_publishing(stage, seed, number, sorts) if sorts else []
    return asyncio.run(live_by_mqtt(stage, plan))


def said(seed: int, after: Aftermath, record_property: Callable[[str, object], None]) -> None:
    """Name what became of the messages, and which the broker lost, in the report and on the terminal."""
    figures: dict[str, object] = {
        "told": len(after.told),
        "offered": len(after.offered),
        "acknowledged": len(after.acknowledged),
        "stored": len(after.metered),
        "under_way_at_kills": after.under_way,
        "offered_again": after.again,
        "lost_by_broker": sorted(after.lost_by_broker),
    }
    for name, value in figures.items():
        record_property(name, value)
    print(f"\nseed {seed}: {figures}")  # noqa: T201 - what the broker lost is named, not asserted


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """The same district with nobody killed."""
    return lived(tmp_path_factory.mktemp("undisturbed"))


@long  # the kill matrix has the gateway fall under MQTT too, at places in its code
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_gateway_that_falls_stores_all_that_the_broker_took_and_changes_no_finding(
    tmp_path: Path, undisturbed: Aftermath, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """Six kills of edge, core and both: told, acknowledged and stored are one; findings are as ever."""
    after = lived(tmp_path, seed, 6, GATEWAY_FALLS)
    said(seed, after, record_property)

    assert undisturbed.objections == []
    assert after.objections == []
    assert after.told == after.acknowledged == after.metered
    assert after.readings == undisturbed.readings
    assert after.findings == undisturbed.findings
    assert after.cases == undisturbed.cases


@pytest.mark.parametrize("seed", range(100, 100 + ROUNDS))
def test_a_broker_that_falls_too_costs_nothing_that_the_gateway_acknowledged(
    tmp_path: Path, undisturbed: Aftermath, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """Four kills of broker and all three: acknowledged is stored, once; what the broker lost is told."""
    after = lived(tmp_path, seed, 4, BROKER_FALLS)
    said(seed, after, record_property)

    assert after.withheld == set()
    assert after.acknowledged <= after.metered
    assert after.metered <= after.offered
    assert after.ledger.difference == 0
    assert after.ledger.dispositions[Disposition.IN_FLIGHT] == 0
    assert after.others == undisturbed.others
