"""A fleet that sleeps is told things while edge and core fall: each command is carried out once."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import pytest

from fault_plans import in_force
from narrowgate_console.command_making import Terms
from narrowgate_fleet import CommandState
from narrowgate_schema.commands import Command, CommandKind, LampLevel, Valve
from narrowgate_simulators import Radio, Sleeper
from needs import long
from psm_campaign import BEFORE_US, START_US, Lived, S, World, planned

_LAMPS = ("huati_nb_v1", "huati_nb_v1", "nas_ul20xx_v11", "milesight_ws558_v1")
_METER = "cjt188_water_v2004"
_INTERVAL_S = 1800
_RADIO = Radio(seed=7, twice_share=0.03, rebound_every=3)
_EARLY_S = 30


@dataclass(frozen=True)
class Size:
    """How large a campaign is."""

    devices: int
    hours: float
    edge: int
    core: int
    kills: int
    """That must come true at least."""
    share: float
    """Of the greatest call at which a process falls."""
    grain_us: int = S


def _sleeper(number: int, devices: int) -> Sleeper:
    """Give a device: four of five are lamps; they report twice an hour, each at its second."""
    is_meter = number % 5 == 4
    profile = _METER if is_meter else _LAMPS[number % 4]
    name = f"{'meter' if is_meter else 'lamp'}-{number:05d}"
    first_us = START_US + round(_INTERVAL_S * S * (number + 0.5) / devices)
    return Sleeper(name, profile, f"nb/{name}/{{port}}/up", _INTERVAL_S, first_us, identity=f"{number:014d}")


def _level(sleeper: Sleeper, level_pct: int) -> Command:
    is_relay = sleeper.profile == "milesight_ws558_v1"
    return LampLevel((0 if level_pct % 2 else 100) if is_relay else level_pct)


def _asked(sleepers: list[Sleeper]) -> list[tuple[str, Command, Terms]]:
    """Give what each is told: a valve, or a level, of which some come too late and some are replaced."""
    asked: list[tuple[str, Command, Terms]] = []
    for number, sleeper in enumerate(sleepers):
        if sleeper.profile == _METER:
            asked.append((sleeper.name, Valve(is_open=False), Terms()))
        elif number % 10 == 1 and sleeper.first_us > START_US + _EARLY_S * S:
            asked.append((sleeper.name, _level(sleeper, 10), Terms(ttl_s=_EARLY_S)))
        elif number % 10 == 2:
            asked += [(sleeper.name, _level(sleeper, level), Terms()) for level in (21, 20)]
        else:
            asked.append((sleeper.name, _level(sleeper, 30), Terms()))
    return asked


def _lived(directory: Path, size: Size, seed: int) -> Lived:
    sleepers = [_sleeper(number, size.devices) for number in range(size.devices)]
    mute = [sleeper for number, sleeper in enumerate(sleepers) if number % 50 == 4]
    for sleeper in mute:
        sleeper.is_mute = True
    lines = [f"{each.name},{each.profile},active,{each.identity}" for each in sleepers]
    with in_force(directory / "faults") as faults:
        world = World.laid_out(directory, sleepers, ["device,profile,state,serial", *lines])
        world.give(_asked(sleepers))
        planned(faults, Random(seed), size.edge, size.core, size.share)
        return asyncio.run(world.live(_RADIO, size.hours, grain_us=size.grain_us))


def _hold(lived: Lived, size: Size) -> dict[str, object]:
    """Hold what must be, and give the figures."""
    rows = lived.rows
    early = [row for row in rows if row.expires_at_us == BEFORE_US + _EARLY_S * S]
    replaced = [row for row in rows if row.reason == "superseded"]
    mute = {f"meter-{number:05d}" for number in range(4, size.devices, 50)}
    silenced = [row for row in rows if row.device in mute]
    others = [row for row in rows if row not in early and row not in replaced and row not in silenced]
    waits, rounds = zip(*lived.latencies_s(others), strict=True)
    figures = {
        "commands": len(rows),
        "fallen": dict(lived.fallen),
        "states": {str(state): count for state, count in lived.states(rows).items()},
        "times carried out": dict(lived.times(others)),
        "never repeated, answer lost": (dict(lived.times(silenced)), dict(lived.states(silenced))),
        "too old": dict(lived.times(early)),
        "replaced": dict(lived.times(replaced)),
        "wait for the uplink [s], median and most": (median(waits), max(waits)),
        "from uplink to deed [s], median, 99th of 100, most": (
            median(rounds), sorted(rounds)[len(rounds) * 99 // 100], max(rounds),
        ),
        "radio": (lived.report.transmissions, lived.report.lost, lived.report.twice),
        "unanswered": lived.unanswered,
    }  # fmt: skip
    print(figures)  # noqa: T201 - the figures of a campaign are read by people
    assert lived.times(early) == Counter({0: len(early)})
    assert lived.states(early) == Counter({CommandState.EXPIRED: len(early)})
    assert lived.times(replaced) == Counter({0: len(replaced)})
    assert lived.times(silenced).keys() <= {0, 1}
    lamps = [row for row in others if row.kind is CommandKind.LAMP_LEVEL]
    done = [row for row in others if row.state is CommandState.SUCCESSFUL]
    assert lived.times(lamps) == Counter({1: len(lamps)})
    assert lived.states(lamps) == Counter({CommandState.SUCCESSFUL: len(lamps)})
    assert lived.times(done) == Counter({1: len(done)})
    # A crash between claim and first byte costs a valve its only attempt, and says so.
    assert {row.state for row in others if row not in done} <= {CommandState.TIMEOUT}
    assert sum(lived.fallen.values()) >= size.kills
    return figures


def test_each_command_is_carried_out_once_while_edge_and_core_fall(tmp_path: Path) -> None:
    """Under loss, doubling, new ports and kills each command is done once, and none that was over."""
    size = Size(devices=50, hours=2.0, edge=1, core=1, kills=2, share=0.01, grain_us=5 * S)

    _hold(_lived(tmp_path, size, seed=1), size)


@long
@pytest.mark.timeout(2400)
def test_ten_thousand_devices_are_told_once_through_fifty_kills(tmp_path: Path) -> None:
    """Ten thousand devices and fifty kills at places in the code: see NARROWGATE_CHAOS in the Makefile."""
    size = Size(devices=10_000, hours=2.2, edge=36, core=30, kills=50, share=0.2, grain_us=2 * S)

    _hold(_lived(tmp_path, size, seed=2), size)
