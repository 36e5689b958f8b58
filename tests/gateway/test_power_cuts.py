"""A power cut at any instant: what was not synced is gone in part or whole, nothing acknowledged is lost."""

import asyncio
import os
from pathlib import Path

import pytest

from district import TIMING, drained
from fault_plans import Faults, in_force
from kill_matrix import Paced
from mqtt_district import staged
from narrowgate_gateway.demo_city import HOST, Stage
from narrowgate_gateway.demo_summary import Summary, summarise
from narrowgate_simulators import CoapLink, Target, Weather, drive
from power_cut import Machine
from undisturbed import left_by_core, of_its_journal

ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))
CUTS = 7 if ROUNDS > 1 else 3
HOURS = 28.0 if ROUNDS > 1 else 8.0


async def live(stage: Stage, faults: Faults, seed: int) -> tuple[int, Summary]:
    """Let a district live while the power goes; give how often it went, and what was found."""
    link = CoapLink(Target(HOST, stage.coap_port), timing=TIMING, weather=Weather(stage.seed))
    steps = stage.city.step_count()
    async with Machine(stage, faults, seed, CUTS) as machine:
        async with link:
            paced = Paced(link, machine, lambda step: machine.cuts < CUTS * step // steps, steps)
            await drive(stage.city, paced, stage.clock)
            await paced.finish()
            sent = paced.report
        await drained(stage)
        machine.check()
    return machine.cuts, summarise(stage.home, sent, ())


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_power_cuts_lose_nothing_that_was_acknowledged_and_change_nothing(tmp_path: Path, seed: int) -> None:
    """What devices were told is stored once; all tables are as an undisturbed core makes them."""
    print(f"\nseed {seed}: {CUTS} cuts")  # noqa: T201 - a run that fails is run again by its seed
    stage = staged(tmp_path / "home", seed=7, devices=30, hours=HOURS)
    with stage.config.open("a", encoding="utf-8") as config:
        config.write("\n")
    text = stage.config.read_text(encoding="utf-8")
    stage.config.write_text(
        text[: text.index("[[mqtt]]")] + text[text.index("[journal]") :], encoding="utf-8"
    )
    with in_force(tmp_path / "faults") as faults:
        cuts, summary = asyncio.run(live(stage, faults, seed))
    objections = [each for each in summary.objections if "findings that nobody injected" not in each]

    assert cuts == CUTS
    assert objections == []
    assert left_by_core(stage) == of_its_journal(stage, tmp_path / "undisturbed")
