"""A district whose meters send through a real Mosquitto, while gateway and broker are killed by plan."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from district import TIMING, Kill, drained, role_pid, state_rows, stored_readings, strike
from gateway_home import alive, running
from mosquitto import Mosquitto, Publisher
from mqtt_wire import Notes, wired
from narrowgate_gateway.demo_city import HOST, Stage, lay_out
from narrowgate_gateway.demo_summary import acknowledged_times, count_now, summarise
from narrowgate_gateway.status import read_status
from narrowgate_ingest.ledger import Ledger
from narrowgate_schema.words import Family
from narrowgate_simulators import (
    CoapLink,
    MqttLink,
    Progress,
    SentReport,
    Target,
    Ways,
    Weather,
    drive,
)
from narrowgate_simulators.ports import free_tcp_port

BROKER = "broker"
SECOND_US = 1_000_000
MOST_PERSISTENT = "max_queued_messages 0\nautosave_on_changes true\nautosave_interval 1\n"
"""Mosquitto can save no oftener, and yet it acknowledges before it saves."""
_WALL_S = 8.0
_PATIENCE_S = 250.0
_NEXT_OFFER_S = 1.0
_LATEST_S = 0.012
"""An edge has kept and acknowledged most of what it was offered by then [s]."""

Reading = tuple[str, int]
"""A meter and the time inside its frame [s since 1970 UTC]."""


@dataclass(frozen=True)
class Aftermath:
    """What a district left behind."""

    objections: list[str]
    """What the gateway's own summary finds wrong, held against what devices saw acknowledged."""
    ledger: Ledger
    under_way: int
    """Messages that the gateway had been offered and had not acknowledged, summed over the kills."""
    again: int
    """Messages that the broker offered again."""
    told: set[Reading]
    """Acknowledged to the meters by the broker."""
    offered: set[Reading]
    """Sent to the gateway by the broker."""
    withheld: set[bytes]
    """Offered since the broker last came back, and never acknowledged: the gateway's fault."""
    acknowledged: set[Reading]
    """Acknowledged to the broker by the gateway."""
    readings: set[tuple[object, ...]]
    findings: set[tuple[object, ...]]
    cases: set[tuple[object, ...]]

    @property
    def metered(self) -> set[Reading]:
        """Give the meters' readings in the store."""
        return {(str(row[1]), int(str(row[3]))) for row in self.readings if row[0] == Family.WATER}

    @property
    def others(self) -> set[tuple[object, ...]]:
        """Give the readings of everything that sends by CoAP."""
        return {row for row in self.readings if row[0] != Family.WATER}

    @property
    def lost_by_broker(self) -> set[Reading]:
        """Give what the broker acknowledged and neither the gateway nor its store ever did."""
        return self.told - self.acknowledged - self.metered


@dataclass
class _Falls:
    """What was seen at the kills."""

    under_way: int = 0
    offered: Counter[bytes] = field(default_factory=Counter)
    """What the broker had offered, and how often, when it last came back."""
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)


def staged(root: Path, *, seed: int, devices: int, hours: float) -> Stage:
    """Lay a district out in an empty directory."""
    return lay_out(root, seed=seed, devices=devices, hours=hours, console_port=free_tcp_port())


def kills_amid_publishing(
    stage: Stage, seed: int, number: int, choices: Sequence[tuple[str, ...]]
) -> list[Kill]:
    """Draw kills that fall into steps in which meters publish, each at an instant of its own."""
    rng = random.Random(seed)
    busy = [
        place
        for place, step in enumerate(stage.city.steps())
        if any(emission.device in stage.metered for emission in step.emissions)
    ]
    places = sorted(rng.sample(busy[2:-2], number))
    return [
        Kill(place, choices[i % len(choices)], rng.uniform(0.0, _LATEST_S)) for i, place in enumerate(places)
    ]


async def live_by_mqtt(stage: Stage, plan: Sequence[Kill] = ()) -> Aftermath:
    """Let a district live through its hours while gateway and broker are killed by plan, then count."""
    broker = Mosquitto(stage.home.root.with_name("broker"), options=MOST_PERSISTENT).start()
    try:
        async with wired(broker.port) as wire:
            lead_to(stage, wire.port)
            arguments = ("-m", "narrowgate_gateway.supervisor", str(stage.config), str(stage.home.root))
            with running(stage.home, *arguments) as gateway:
                await until(lambda: is_connected(stage))
                sent, falls = await _pass_hours(stage, broker, wire.notes, plan)
                await nothing_held_back(broker, wire.notes)
                await drained(stage)
                assert await asyncio.to_thread(gateway.end) == 0, gateway.said()
            return _counted(stage, sent, wire.notes, falls)
    finally:
        broker.stop()


def lead_to(stage: Stage, port: int) -> None:
    """Have the gateway's configuration name another broker."""
    text = stage.config.read_text(encoding="utf-8")
    text = text.replace(f"port = {stage.mqtt_port}\n", f"port = {port}\nretry_max_s = 0.3\n")
    stage.config.write_text(text.replace('version = "3.1.1"', 'version = "5"'), encoding="utf-8")


def is_connected(stage: Stage) -> bool:
    """Tell whether edge and core are up and the broker is reached."""
    edge, core = (read_status(stage.home.run, role) for role in ("edge", "core"))
    return edge is not None and core is not None and edge["brokers"][0]["state"] == "connected"


async def until(reached: Callable[[], bool], *, within_s: float = _PATIENCE_S, every_s: float = 0.02) -> None:
    """Wait until something is so; TimeoutError if it does not come to be."""
    async with asyncio.timeout(within_s):
        while not reached():
            await asyncio.sleep(every_s)


async def _pass_hours(
    stage: Stage, broker: Mosquitto, notes: Notes, plan: Sequence[Kill]
) -> tuple[SentReport, _Falls]:
    """Send everything; give what the devices saw, and what was seen at the kills."""
    coap = CoapLink(Target(HOST, stage.coap_port), timing=TIMING, weather=Weather(stage.seed))
    # A PUBLISH that comes twice is two messages to any broker: only CoAP's weather is bad.
    mqtt = MqttLink(
        Target(HOST, broker.port, "mqtt"),
        timing=TIMING,
        weather=Weather(stage.seed, twice_share=0.0, lost_share=0.0),
        acks=stage.mqtt_acks,
    )
    waiting, falling, falls = list(plan), list[asyncio.Task[None]](), _Falls()

    def plot(progress: Progress) -> None:
        while waiting and waiting[0].step <= progress.step:
            falling.append(asyncio.create_task(_fall(stage, broker, notes, waiting.pop(0), falls)))

    async with Ways(stage.metered, coap, mqtt) as ways:
        sent = await drive(stage.city, ways, stage.clock, _WALL_S if plan else None, progress=plot)
    assert len(falling) == len(plan)
    await asyncio.gather(*falling)
    return sent, falls


async def _fall(stage: Stage, broker: Mosquitto, notes: Notes, kill: Kill, falls: _Falls) -> None:
    """Kill all at one instant, as the broker delivers.

    The supervisor starts edge and core again; a role that was not up at the instant is killed in its start.
    """
    async with falls.one_at_a_time:
        roles = {role: role_pid(stage, role) for role in kill.roles if role != BROKER}
        before = notes.offered.total()
        with suppress(TimeoutError):
            await until(lambda: notes.offered.total() > before, within_s=_NEXT_OFFER_S, every_s=0.0)
        await asyncio.sleep(kill.after_s)
        falls.under_way += len(notes.offered.keys() - notes.acknowledged)
        up = {role: pid for role, pid in roles.items() if pid is not None and alive(pid)}
        for pid in up.values():
            os.kill(pid, signal.SIGKILL)
        if BROKER in kill.roles:
            await asyncio.to_thread(broker.stop, signal.SIGKILL)
            await asyncio.to_thread(broker.start)
            falls.offered = notes.offered.copy()
        await strike(stage, Kill(kill.step, tuple(roles.keys() - up.keys()), 0.0))


async def nothing_held_back(broker: Mosquitto, notes: Notes) -> None:
    """Wait until the gateway has acknowledged a message newer than all that the broker holds for it."""
    publisher = await asyncio.to_thread(Publisher, broker)
    marks: set[bytes] = set()

    def is_through() -> bool:
        marks.add(mark := b"mark %d" % len(marks))
        publisher.send("nb/nobody/up", mark)
        return not marks.isdisjoint(notes.acknowledged)

    await until(is_through)
    await asyncio.to_thread(publisher.close)


def _counted(stage: Stage, sent: SentReport, notes: Notes, falls: _Falls) -> Aftermath:
    meant = {
        emission.payload: (emission.device, emission.time_us // SECOND_US)
        for step in stage.city.steps()
        for emission in step.emissions
        if emission.device in stage.metered and emission.time_us is not None
    }
    return Aftermath(
        objections=summarise(stage.home, sent, stage.city.truth, stage.mqtt_acks).objections,
        ledger=count_now(stage.home),
        under_way=falls.under_way,
        again=notes.offered.total() - len(notes.offered),
        told={(device, second_of(time)) for device, time in acknowledged_times(stage.mqtt_acks)},
        offered={meant[payload] for payload in notes.offered.keys() & meant.keys()},
        withheld={
            payload
            for payload, times in notes.offered.items()
            if times > falls.offered[payload] and payload not in notes.acknowledged
        },
        acknowledged={meant[payload] for payload in notes.acknowledged & meant.keys()},
        readings=stored_readings(stage),
        findings=state_rows(
            stage, "SELECT rule, device, version, state, raised_at, cleared_at FROM findings"
        ),
        # When the desk heard of it is left out: that is the instant of a tick, and ticks follow the wall.
        cases=state_rows(stage, "SELECT service, device, state, raised_at, cleared_at FROM cases"),
    )


def second_of(time: datetime) -> int:
    """Give the second that a time falls into."""
    return int(time.timestamp())
