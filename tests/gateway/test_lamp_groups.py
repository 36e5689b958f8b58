"""Lamps told by group: each ends at the level or is listed with the reason, within each cell's rate."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from narrowgate_console.command_making import Terms
from narrowgate_console.group_ordering import GroupAsk, order_group
from narrowgate_fleet import CommandState, Fleet
from narrowgate_fleet.command_groups import GroupRow, Straggler, groups, stragglers
from narrowgate_fleet.selection import Selection
from narrowgate_schema.commands import LampLevel
from narrowgate_simulators import Radio, Sleeper
from needs import long
from psm_campaign import START_US, Lived, S, World

_HEAD = "device,profile,state,asset,role,feeder,cell"
_INTERVAL_S = 900
_LEVEL_PCT = 40
_BEGINS_H = 0.25
_MINUTE_US = 60 * S


@dataclass(frozen=True)
class Size:
    """How large a campaign is."""

    lamps: int
    cells: int
    per_min: int
    hours: float
    grain_us: int = S


@dataclass(frozen=True)
class Ordered:
    """What became of an order."""

    lived: Lived
    group: GroupRow
    lagging: list[Straggler]
    sent: list[tuple[str, int]]
    """Cell and instant [us] of each departure."""


def _sleeper(number: int, lamps: int) -> Sleeper:
    """Give a lamp: of a hundred ten have relays, one cannot, one never answers and one never speaks."""
    kind = number % 100
    profile = "milesight_ws558_v1" if kind < 10 else ("huati_nb_v1", "nas_ul20xx_v11")[number % 2]
    first_us = START_US + round(_INTERVAL_S * S * (number + 0.5) / lamps)
    lamp = Sleeper(f"lamp-{number:05d}", profile, f"nb/lamp-{number:05d}/{{port}}/up", _INTERVAL_S, first_us)
    lamp.fails, lamp.is_mute = kind == 12, kind == 14
    if kind == 16:
        lamp.first_us = START_US + 1000 * 3600 * S
    return lamp


def _ordered(directory: Path, size: Size) -> Ordered:
    """Order all lamps of a feeder to a level from an hour on, and let them live."""
    sleepers = [_sleeper(number, size.lamps) for number in range(size.lamps)]
    lines = [
        f"{each.name},{each.profile},active,pole-{number},lamp,feeder-12,cell-{number % size.cells}"
        for number, each in enumerate(sleepers)
    ]
    world = World.laid_out(directory, sleepers, [_HEAD, *lines], cell_per_min=size.per_min)
    asked = GroupAsk(
        Selection.of({"feeder": ["feeder-12"]}),
        LampLevel(_LEVEL_PCT),
        Terms(not_before_us=START_US + round(_BEGINS_H * 3600) * S),
        "evening",
    )
    with closing(world.queue()) as queue:
        fleet = Fleet.load(world.home.registry)
        order_group(fleet, queue, asked, by="user:ann", now_us=world.clock.now_us())
    lived = asyncio.run(world.live(Radio(seed=5, twice_share=0.02), size.hours, grain_us=size.grain_us))
    with closing(world.queue()) as queue, queue.file.looking() as connection:
        return Ordered(
            lived,
            groups(connection, 1, "evening")[0],
            stragglers(connection, "evening", 1 << 20),
            _departures(connection),
        )


def _departures(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    return connection.execute(
        "SELECT cell, at FROM steps JOIN commands ON commands.id = command_id WHERE steps.state = 'SENT'"
        " ORDER BY cell, at"
    ).fetchall()


def _most_a_minute(sent: list[tuple[str, int]]) -> int:
    """Give the most departures of one cell in any minute."""
    most = 0
    for cell in {cell for cell, _ in sent}:
        times_us = [at_us for own, at_us in sent if own == cell]
        first = 0
        for last, at_us in enumerate(times_us):
            while times_us[first] <= at_us - _MINUTE_US:
                first += 1
            most = max(most, last - first + 1)
    return most


def _hold(ordered: Ordered, size: Size, sleepers: list[Sleeper]) -> None:
    """Hold that each lamp is at the level or listed with the reason, and that no cell was asked for more."""
    listed = {one.device: one for one in ordered.lagging}
    dark = [each for each in sleepers if each.name not in listed]
    told = (one.state and f"{one.state} {one.reason}" for one in listed.values())
    why = Counter(each or "cannot be told" for each in told)
    busiest = _most_a_minute(ordered.sent)
    print(ordered.group, dict(why), f"most a cell and minute: {busiest}", len(ordered.sent))  # noqa: T201
    rows = {row.device: row for row in ordered.lived.rows}
    done = [row for row in rows.values() if row.state is CommandState.SUCCESSFUL]
    began_us = min(one.at_us for one in ordered.lived.report.carried)
    assert len(dark) == len(done) == ordered.group.done
    assert all(len(ordered.lived.carried(row)) == 1 for row in done)
    assert ordered.group.meant == size.lamps == ordered.group.done + len(listed)
    assert began_us >= START_US + round(_BEGINS_H * 3600) * S
    assert 0 < busiest <= size.per_min
    per_hundred = {"cannot be told": 10, "FAILED not_carried_out": 1, "PENDING put": 1}
    hundreds = size.lamps // 100
    assert [why[name] for name in per_hundred] == [n * hundreds for n in per_hundred.values()]
    mute = [listed[f"lamp-{100 * hundred + 14:05d}"].state for hundred in range(hundreds)]
    assert CommandState.SUCCESSFUL not in mute


def test_lamps_of_a_feeder_go_to_a_level_within_a_cells_rate(tmp_path: Path) -> None:
    """From the hour on, no faster than the rate; who did not do it is listed, each with the reason."""
    size = Size(lamps=100, cells=2, per_min=3, hours=0.9, grain_us=5 * S)
    ordered = _ordered(tmp_path, size)

    _hold(ordered, size, [_sleeper(number, size.lamps) for number in range(size.lamps)])


@long
@pytest.mark.timeout(2400)
def test_ten_thousand_lamps_go_to_a_level_within_each_cells_rate(tmp_path: Path) -> None:
    """Ten thousand lamps in twenty-four cells: see NARROWGATE_CHAOS in the Makefile."""
    size = Size(lamps=10_000, cells=24, per_min=20, hours=1.6, grain_us=2 * S)
    ordered = _ordered(tmp_path, size)

    _hold(ordered, size, [_sleeper(number, size.lamps) for number in range(size.lamps)])
