"""A disk that is full or slow, and a host's clock that is wrong: nothing is lost, and it goes on alone."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from district import TIMING, drained
from fault_plans import Faults, in_force
from gateway_home import wait_until
from kill_matrix import Paced
from mqtt_district import staged
from narrowgate_gateway.demo_city import HOST, Stage
from narrowgate_gateway.demo_summary import count_now, summarise
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Tail
from narrowgate_schema.words import Answer
from narrowgate_simulators import CoapLink, Target, Weather, drive
from restarted import Lives
from undisturbed import left_by_core, of_its_journal

CHAOS = "NARROWGATE_CHAOS" in os.environ
HOUR_S = 3600


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A small district whose devices all send by CoAP."""
    made = staged(tmp_path / "home", seed=7, devices=20, hours=3.0 if CHAOS else 1.5)
    text = made.config.read_text(encoding="utf-8")
    made.config.write_text(text[: text.index("[[mqtt]]")] + text[text.index("[journal]") :], encoding="utf-8")
    return made


async def live(
    stage: Stage,
    faults: Faults,
    errands: dict[int, Callable[[], None]],
    *,
    mind: bool = True,
    shown: Callable[[], bool] = lambda: True,
) -> list[str]:
    """Let a district live, do errands at its steps, and give what is not as it must be.

    Args:
        stage: the district.
        faults: in force.
        errands: done before a step's frames are sent.
        mind: whether findings are looked at too.
        shown: what must be so before the gateway ends.
    """
    link = CoapLink(Target(HOST, stage.coap_port), timing=TIMING, weather=Weather(stage.seed))
    async with Lives(stage) as lives:
        async with link:
            steps = stage.city.step_count()
            paced = Paced(link, lives, lambda step: False, steps)
            paced.errands_at = errands
            await drive(stage.city, paced, stage.clock)
            sent = paced.report
        await drained(stage)
        async with asyncio.timeout(100):
            while not shown():
                await asyncio.sleep(0.05)
        lives.check()
    objections = summarise(stage.home, sent, stage.city.truth if mind else ()).objections
    return [each for each in objections if mind or "nobody injected" not in each]


@pytest.mark.skipif(not CHAOS, reason="slow: make chaos runs it")
def test_a_full_disk_is_told_and_got_over(tmp_path: Path, stage: Stage) -> None:
    """While no file takes a byte devices are told to come again; afterwards all is there, once."""

    def refused() -> int:
        return DoorCounters(stage.home.door_counters).read()[Answer.CANNOT_KEEP]

    with in_force(tmp_path / "faults") as faults:

        def empty_once_told() -> None:
            # Devices wait for the disk, so it is emptied from outside of their world.
            wait_until(lambda: refused() > 3)
            faults.fill_disk(is_full=False)

        emptying = threading.Thread(target=empty_once_told)

        def fill() -> None:
            faults.fill_disk(is_full=True)
            emptying.start()

        objections = asyncio.run(live(stage, faults, {8: fill}))
        emptying.join()

    assert [each for each in objections if "refused" not in each] == []
    assert refused() > 3
    assert left_by_core(stage) == of_its_journal(stage, tmp_path / "undisturbed")


@pytest.mark.skipif(not CHAOS, reason="slow: make chaos runs it")
def test_a_slow_disk_makes_answers_late_and_nothing_else(tmp_path: Path, stage: Stage) -> None:
    """With 50 ms a sync everything is kept, answered and stored."""
    with in_force(tmp_path / "faults") as faults:
        faults.slow_syncs(0.05)
        objections = asyncio.run(live(stage, faults, {}))

    assert objections == []
    assert left_by_core(stage) == of_its_journal(stage, tmp_path / "undisturbed")


def test_a_host_that_starts_in_1970_and_jumps_loses_nothing(tmp_path: Path, stage: Stage) -> None:
    """Ticks tell of an unset clock and of jumps of an hour both ways; frames are stored all along."""
    text = stage.config.read_text(encoding="utf-8")
    stage.config.write_text(text[: text.index("page = ")], encoding="utf-8")
    with in_force(tmp_path / "faults") as faults:
        faults.set_clock(-1_780_000_000)
        errands: dict[int, Callable[[], None]] = {
            step: lambda ahead_s=ahead_s: faults.set_clock(ahead_s)  # type: ignore[misc]
            for step, ahead_s in ((5, 0), (9, HOUR_S), (13, 0))
        }
        # Ticks come once in a while, and the hours of a district pass quickly.
        objections = asyncio.run(live(stage, faults, errands, mind=False, shown=lambda: _ticks(stage)[-1][1]))
    said = _ticks(stage)

    assert objections == []
    assert False in {synchronised for _, synchronised in said}
    assert said[-1][1] is True
    assert count_now(stage.home).faults() == []


def _ticks(stage: Stage) -> list[tuple[float, bool]]:
    """Give (jump, synchronised) of every tick in the journal."""
    tail, said, offset = Tail(stage.home.journal), list[tuple[float, bool]](), 0
    while (chunk := tail.read(offset, 1 << 16)).next_offset > offset:
        for kind, rows in chunk.records:
            if kind is Kind.TICKS:
                said += zip(rows["jump_s"].to_pylist(), rows["synchronised"].to_pylist(), strict=True)
        offset = chunk.next_offset
    return said
