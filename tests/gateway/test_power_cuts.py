"""A power cut at any instant: what was not synced is gone in part or whole, nothing acknowledged is lost."""

import asyncio
import os
from pathlib import Path

import pytest

from district import TIMING, drained
from fault_plans import ARCHIVE_PLACES, CORE_PLACES, PLACES, Faults, in_force
from kill_matrix import Paced
from letting_go import Segments, let_go_soon, let_go_to
from mqtt_district import staged
from narrowgate_gateway.demo_city import HOST, Stage
from narrowgate_gateway.demo_summary import Summary, summarise
from narrowgate_simulators import CoapLink, Target, Weather, drive
from power_cut import Machine, Roles
from short_stretches import short_arguments
from undisturbed import left_by_core, of_its_journal

ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))
CUTS = 7 if ROUNDS > 1 else 3
HOURS = 28.0 if ROUNDS > 1 else 8.0


async def live(stage: Stage, faults: Faults, seed: int, kept: Segments | None) -> tuple[int, Stage, Summary]:
    """Let a district live while the power goes; give how often it went, what is left, and what was found."""
    link = CoapLink(Target(HOST, stage.coap_port), timing=TIMING, weather=Weather(stage.seed))
    steps = stage.city.step_count()
    roles = (
        Roles() if kept is None else Roles({**PLACES, "core": CORE_PLACES + ARCHIVE_PLACES}, short_arguments)
    )
    async with Machine(stage, faults, seed, CUTS, roles) as machine:
        async with link:
            paced = Paced(link, machine, lambda step: machine.cuts < CUTS * step // steps, steps)
            await drive(stage.city, paced, stage.clock)
            await paced.finish()
            sent = paced.report
        await drained(stage)
        machine.check()
    whole = stage if kept is None else kept.whole(stage)
    return machine.cuts, whole, summarise(whole.home, sent, ())


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_power_cuts_lose_nothing_that_was_acknowledged_and_change_nothing(tmp_path: Path, seed: int) -> None:
    """What devices were told is stored once; all tables are as an undisturbed core makes them.

    In long runs every other home lets telemetry go of what is older than a day: that is in the archive, once.
    """
    print(f"\nseed {seed}: {CUTS} cuts")  # noqa: T201 - a run that fails is run again by its seed
    lets_go = seed % 2 == 1
    devices, hours = (20, 40.0) if lets_go else (30, HOURS)
    stage = staged(tmp_path / "home", seed=7, devices=devices, hours=hours)
    with stage.config.open("a", encoding="utf-8") as config:
        config.write("\n")
    text = stage.config.read_text(encoding="utf-8")
    stage.config.write_text(
        text[: text.index("[[mqtt]]")] + text[text.index("[journal]") :], encoding="utf-8"
    )
    # A cut may take a segment back: its journal keeps them all.
    kept = let_go_soon(stage, keep_bytes=2 << 30) if lets_go else None
    with in_force(tmp_path / "faults") as faults:
        cuts, whole, summary = asyncio.run(live(stage, faults, seed, kept))
    print(f"let go: {let_go_to(stage.home)}")  # noqa: T201
    objections = [each for each in summary.objections if "findings that nobody injected" not in each]

    assert cuts == CUTS
    assert objections == []
    assert left_by_core(whole) == of_its_journal(whole, tmp_path / "undisturbed", is_compacted=lets_go)
    assert (min(let_go_to(stage.home).values()) > 0) is lets_go
