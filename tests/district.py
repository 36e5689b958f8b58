"""A district living against a real gateway whose processes are killed at seeded instants."""

import asyncio
import os
import random
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from narrowgate_gateway.demo_city import HOST, Gateway, Stage, lay_out
from narrowgate_gateway.demo_summary import Summary, count_now, summarise
from narrowgate_gateway.status import read_status
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.words import Disposition, Family
from narrowgate_simulators import CoapLink, Progress, Target, Timing, Weather, drive
from narrowgate_simulators.ports import free_tcp_port

SECOND_US = 1_000_000
TIMING = Timing(ack_timeout_s=0.2, longest_wait_s=1.0, max_retransmit=20, give_up_s=250.0)


@dataclass(frozen=True)
class Kill:
    """One kill -9, some way into a step."""

    step: int
    roles: tuple[str, ...]
    after_s: float


@dataclass(frozen=True)
class Life:
    """What a district left behind."""

    summary: Summary
    killed: int
    findings: set[tuple[object, ...]]
    cases: set[tuple[object, ...]]
    readings: set[tuple[object, ...]]


def kills(seed: int, steps: int, number: int, choices: Sequence[tuple[str, ...]]) -> list[Kill]:
    """Draw kills spread over a life, each at an instant of its own."""
    rng = random.Random(seed)
    places = sorted(rng.sample(range(5, steps - 2), number))
    return [Kill(place, choices[i % len(choices)], rng.uniform(0.0, 0.03)) for i, place in enumerate(places)]


def live(
    root: Path, *, seed: int, devices: int, hours: float, plan: Sequence[Kill] = (), more: str = ""
) -> Life:
    """Let a district live through its hours while its gateway is killed by plan, then count.

    Args:
        root: an empty directory.
        seed: of the district.
        devices: how many.
        hours: how long it lives [h].
        plan: who is killed when.
        more: further tables of the gateway's configuration.
    """
    stage = lay_out(root, seed=seed, devices=devices, hours=hours, console_port=free_tcp_port())
    with stage.config.open("a", encoding="utf-8") as config:
        config.write(more)
    return asyncio.run(_live(stage, list(plan)))


async def _live(stage: Stage, plan: list[Kill]) -> Life:
    gateway = Gateway(stage)
    link = CoapLink(Target(HOST, stage.coap_port), timing=TIMING, weather=Weather(stage.seed))
    dying: list[asyncio.Task[int]] = []

    def plot(progress: Progress) -> None:
        while plan and plan[0].step <= progress.step:
            dying.append(asyncio.create_task(strike(stage, plan.pop(0))))

    try:
        await gateway.ready()
        async with link:
            sent = await drive(stage.city, link, stage.clock, 12.0 if plan else None, progress=plot)
        killed = sum(await asyncio.gather(*dying))
        await drained(stage)
        assert await asyncio.to_thread(gateway.stop) == 0, gateway.last_words()
    finally:
        gateway.kill()
    return Life(
        summary=summarise(stage.home, sent, stage.city.truth),
        killed=killed,
        findings=state_rows(
            stage, "SELECT rule, device, version, state, raised_at, cleared_at FROM findings"
        ),
        # When the desk heard of it is left out: that is the instant of a tick, and ticks follow the wall.
        cases=state_rows(stage, "SELECT service, device, state, raised_at, cleared_at FROM cases"),
        readings=stored_readings(stage),
    )


async def strike(stage: Stage, kill: Kill) -> int:
    """Kill processes wherever they stand, in their start too; give how many died."""
    await asyncio.sleep(kill.after_s)
    for role in kill.roles:
        async with asyncio.timeout(200):  # one that dies before it is up is started again ever more slowly
            while (pid := role_pid(stage, role)) is None:
                await asyncio.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
    return len(kill.roles)


def role_pid(stage: Stage, role: str) -> int | None:
    """Give the process that plays a role in this home, ready or not."""
    wanted = ["narrowgate_gateway.process", role, str(stage.config), str(stage.home.root)]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[2:6] == wanted:
            return int(path.parent.name)
    return None


async def drained(stage: Stage) -> None:
    """Wait until the core is up and has decided all that is in the journal."""
    async with asyncio.timeout(250):
        while (
            not read_status(stage.home.run, "core")
            or count_now(stage.home).dispositions[Disposition.IN_FLIGHT]
        ):
            await asyncio.sleep(0.05)


def state_rows(stage: Stage, sql: str) -> set[tuple[object, ...]]:
    """Give rows with times cut to the second: within a step, devices may come in another order."""
    with closing(sqlite3.connect(stage.home.state)) as state:
        return {
            tuple(
                value // SECOND_US if isinstance(value, int) and value > SECOND_US else value for value in row
            )
            for row in state.execute(sql)
        }


def stored_readings(stage: Stage) -> set[tuple[object, ...]]:
    """Give (family, device, series, time [s]) of every row, each of which stands once."""
    telemetry = Telemetry(stage.home.telemetry)
    kept: set[tuple[object, ...]] = set()
    try:
        for family in Family:
            sql = f"SELECT device, series, epoch_us(time) // {SECOND_US} AS s FROM {family}_rows"  # noqa: S608
            table = telemetry.query(sql)
            rows = list(zip(*(table[name].to_pylist() for name in ("device", "series", "s")), strict=True))
            assert len(rows) == len(set(rows)), f"a {family} reading stands twice"
            kept.update((family, *row) for row in rows)
    finally:
        telemetry.close()
    return kept
