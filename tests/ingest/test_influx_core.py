"""A real core with a real InfluxDB behind it: kill -9 of either while readings come: nothing is missing."""

import asyncio
import os
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from district import TIMING
from influx_stand import DATABASE, Influxd, running
from narrowgate_gateway.demo_city import HOST, Gateway, Stage, lay_out
from narrowgate_gateway.demo_summary import count_now
from narrowgate_gateway.status import read_status
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Disposition, Family
from narrowgate_simulators import CoapLink, Progress, Target, Weather, drive
from ports import free_tcp_port

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

HOURS = 6.0
KILLS = (10, 30, 45, 60)
"""Steps at which the core is killed."""
AWAY = range(30, 50)
"""Steps at which InfluxDB is away."""


def _page(stage: Stage, path: str) -> str:
    with urllib.request.urlopen(f"{stage.console}{path}", timeout=10) as answer:  # noqa: S310 - loopback
        text: str = answer.read().decode()
        return text


async def _live(stage: Stage, server: Influxd) -> str:
    """Let the district live through its hours; give the core's metrics at the end of them."""
    gateway = Gateway(stage)
    link = CoapLink(Target(HOST, stage.coap_port), timing=TIMING, weather=Weather(stage.seed))
    plan = list(KILLS)
    tasks: list[asyncio.Future[Any]] = []

    def plot(progress: Progress) -> None:
        core = read_status(stage.home.run, "core")
        if plan and progress.step >= plan[0] and core is not None:
            with suppress(ProcessLookupError):  # killed already, and not yet up again
                os.kill(core["pid"], signal.SIGKILL)
                plan.pop(0)
        if progress.step >= AWAY.start and not tasks:
            tasks.append(asyncio.ensure_future(asyncio.to_thread(server.kill)))
        if progress.step >= AWAY.stop and len(tasks) == 1:
            tasks.append(asyncio.ensure_future(asyncio.to_thread(server.start)))

    try:
        await gateway.ready()
        async with link:
            await drive(stage.city, link, stage.clock, 10.0, progress=plot)
        await asyncio.gather(*tasks)
        await _arrived(stage)
        metrics = await asyncio.to_thread(_page, stage, "/metrics")
        assert await asyncio.to_thread(gateway.stop) == 0, gateway.last_words()
    finally:
        gateway.kill()
    assert plan == []
    assert len(tasks) == 2
    return metrics


async def _arrived(stage: Stage) -> None:
    """Wait until every kept frame has a disposition and InfluxDB has it too."""
    async with asyncio.timeout(90):
        while not read_status(stage.home.run, "core") or not await asyncio.to_thread(_is_sent, stage):
            await asyncio.sleep(0.1)


def _is_sent(stage: Stage) -> bool:
    in_flight = count_now(stage.home).dispositions[Disposition.IN_FLIGHT]
    try:
        metrics = _page(stage, "/metrics")
    except OSError:
        return False
    return in_flight == 0 and "narrowgate_influxdb_behind_rows 0.0" in metrics


def _stored(telemetry: Telemetry, family: Family) -> list[dict[str, Any]]:
    names = ", ".join(
        f'epoch_us("{field.name}") AS "{field.name}"' if field.dtype == "timestamp" else f'"{field.name}"'
        for field in fields_of(family)
    )
    rows = telemetry.query(f"SELECT {names} FROM {family}").to_pylist()  # noqa: S608
    return _said(rows)


def _said(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give rows without what they do not say, in one order."""
    said = [{name: value for name, value in row.items() if value not in (None, "")} for row in rows]
    return sorted(said, key=lambda row: (row["time"], row["device"], row.get("series", "")))


def test_kills_of_core_and_server_leave_both_stores_equal(tmp_path: Path) -> None:
    """Four kills of the core, one of InfluxDB for a while: every reading is there, once, field by field."""
    stage = lay_out(tmp_path / "home", seed=3, devices=40, hours=HOURS, console_port=free_tcp_port())
    with running(Influxd(tmp_path)) as server:
        with stage.config.open("a", encoding="utf-8") as config:
            config.write(f'\n[influxdb]\nurl = "{server.url}"\napi = "v1"\ndatabase = "{DATABASE}"\n')
        metrics = asyncio.run(_live(stage, server))
        telemetry = Telemetry(stage.home.telemetry)
        stored = {family: _stored(telemetry, family) for family in Family}
        telemetry.close()
        sent = {family: _said(server.rows(f'SELECT * FROM "{family}"')) for family in Family}  # noqa: S608

    assert sent == stored
    assert all(stored.values())
    assert 'narrowgate_influxdb_points_total{outcome="refused"} 0.0' in metrics
