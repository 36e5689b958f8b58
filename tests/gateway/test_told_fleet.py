"""Devices that are called while they listen, and devices at a broker, are told once though processes fall."""

import asyncio
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from fault_plans import in_force
from mosquitto import Mosquitto
from narrowgate_fleet import CommandState
from narrowgate_schema.commands import Command, CommandKind, LampLevel, Valve
from narrowgate_simulators import Radio, Sleeper
from needs import long
from psm_campaign import START_US, Lived, S, World, planned
from told_campaign import TERMS, AtBroker, Called

_CALLED = ("huati_nb_v1", "nas_ul20xx_v11", "milesight_ws558_v1", "cjt188_water_v2004")
_AT_BROKER = ("huati_nb_v1", "cjt188_water_v2004")
_METER = "cjt188_water_v2004"
_RADIO = Radio(seed=11, twice_share=0.03, rebound_every=3, edrx_cycle_s=20.48)
_LISTENER = "active_window_s = 16.0\nedrx_cycle_s = 130.0"
_BROKER = """
[[mqtt]]
name = "devices"
host = "127.0.0.1"
port = {port}
tls = false
client_id = "narrowgate-told"
topic = "nb/{{device}}/up"
down_topic = "nb/{{device}}/down"
retry_max_s = 1.0
"""


@dataclass(frozen=True)
class Size:
    """How large a campaign is."""

    called: int
    at_broker: int
    hours: float
    interval_s: int
    rounds: int
    """In which devices at the broker report."""
    edge: int
    core: int
    kills: int
    """That must come true at least."""
    share: float
    """Of the greatest call at which a process falls."""


def _sleepers(size: Size) -> tuple[list[Sleeper], list[Sleeper]]:
    called = [
        Sleeper(
            f"called-{n:05d}",
            _CALLED[n % 4],
            f"nb/called-{n:05d}/{{port}}/up",
            size.interval_s,
            START_US + round(size.interval_s * S * (n + 0.5) / size.called),
            identity=f"{n:014d}",
        )
        for n in range(size.called)
    ]
    at_broker = [
        Sleeper(f"topic-{n:05d}", _AT_BROKER[n % 2], f"nb/topic-{n:05d}/up", 3600, 0, identity=f"{n:014d}")
        for n in range(size.at_broker)
    ]
    return called, at_broker


def _command(sleeper: Sleeper) -> Command:
    if sleeper.profile == _METER:
        return Valve(is_open=False)
    return LampLevel(0 if sleeper.profile == "milesight_ws558_v1" else 30)


def _lived(directory: Path, size: Size, seed: int) -> tuple[Lived, int]:
    called, at_broker = _sleepers(size)
    lines = [f"{each.name},{each.profile},active,{each.identity}" for each in [*called, *at_broker]]
    broker = Mosquitto(directory / "broker").start()

    async def main(world: World) -> tuple[Lived, int]:
        calling = Called(world, {sleeper.name: _command(sleeper) for sleeper in called})
        async with AtBroker(world, broker, at_broker) as told:
            hours = [size.hours * (turn + 1) / (size.rounds + 2) for turn in range(size.rounds)]
            errands = dict(zip(hours, [told.lose, *[told.speak] * (size.rounds - 1)], strict=True))
            step_h, last_h = 8 / 3600, size.interval_s * 1.2 / 3600
            errands |= {0.001 + turn * step_h: calling for turn in range(int(last_h / step_h))}
            errands[last_h + 0.0007] = calling.rest
            # What was lost is told again when a later word has been decoded: the world waits for that.
            looks = range(1, int(size.hours * 3600 / size.interval_s))
            errands |= {0.0003 + look * size.interval_s / 3600: world.catch_up for look in looks}
            lived = await world.live(_RADIO, size.hours, grain_us=2 * S, errands=errands)
        with closing(world.queue()) as queue, queue.file.looking() as connection:
            sql = "SELECT count(DISTINCT command_id) FROM steps WHERE reason = 'by_message'"
            return lived, int(connection.execute(sql).fetchone()[0])

    with in_force(directory / "faults") as faults:
        world = World.laid_out(
            directory,
            called,
            ["device,profile,state,serial", *lines],
            listener=_LISTENER,
            more=_BROKER.format(port=broker.port),
        )
        world.give((sleeper.name, _command(sleeper), TERMS) for sleeper in at_broker)
        planned(faults, Random(seed), size.edge, size.core, size.share)
        try:
            return asyncio.run(main(world))
        finally:
            broker.stop()


def _hold(lived: Lived, calls: int, size: Size) -> None:
    """Hold what must be, and print the figures."""
    lamps = [row for row in lived.rows if row.kind is CommandKind.LAMP_LEVEL]
    valves = [row for row in lived.rows if row.kind is CommandKind.VALVE]
    done = [row for row in valves if row.state is CommandState.SUCCESSFUL]
    figures = {
        "commands": len(lived.rows),
        "fallen": dict(lived.fallen),
        "called": calls,
        "lamps": (dict(lived.states(lamps)), dict(lived.times(lamps))),
        "valves": (dict(lived.states(valves)), dict(lived.times(valves))),
        "attempts": dict(Counter(row.attempts for row in lived.rows)),
        "radio": (lived.report.transmissions, lived.report.lost, lived.report.twice),
    }
    print(figures)  # noqa: T201 - the figures of a campaign are read by people
    assert len(lived.rows) == size.called + size.at_broker
    assert lived.states(lamps) == Counter({CommandState.SUCCESSFUL: len(lamps)})
    assert lived.times(lamps) == Counter({1: len(lamps)})
    assert lived.times(done) == Counter({1: len(done)})
    # What left and was lost, or was taken by a crash, is not sent again, and is told so.
    assert lived.times(valves).keys() <= {0, 1}
    assert {row.state for row in valves if row not in done} <= {CommandState.TIMEOUT}
    assert calls > 0
    assert sum(lived.fallen.values()) >= size.kills


def test_who_is_called_and_who_is_at_a_broker_does_each_command_once(tmp_path: Path) -> None:
    """Messages of their own and a topic tell each device once, through loss, a lost session and a kill."""
    size = Size(16, 8, hours=0.75, interval_s=300, rounds=5, edge=1, core=0, kills=1, share=0.01)

    _hold(*_lived(tmp_path, size, seed=3), size)


@long
@pytest.mark.timeout(3000)
def test_ten_thousand_are_called_or_told_by_a_broker_through_fifty_kills(tmp_path: Path) -> None:
    """Seven thousand called devices and three thousand at a broker: see NARROWGATE_CHAOS in the Makefile."""
    size = Size(7000, 3000, hours=2.7, interval_s=1800, rounds=5, edge=36, core=30, kills=50, share=0.2)

    _hold(*_lived(tmp_path, size, seed=4), size)
