"""A programme of nights that the configuration names is kept by the core; one with a fault is told of."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import commands_district
from commands_waiting import wish
from narrowgate_fleet import CommandFilters, CommandQueue, Fleet, Registry
from narrowgate_fleet.command_queue import MOST_OPEN
from narrowgate_gateway.checks import faults_of
from narrowgate_gateway.night_keeping import LOOK_EVERY_US, NightKeeping
from narrowgate_gateway.settings import Home
from narrowgate_schema.commands import LampLevel

_NOW_US = 1_773_000_000_000_000
_ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[CommandQueue]:
    """The queue of a home with a lamp that keeps nights by itself."""
    with Registry(tmp_path) as registry:
        commands_district.enrol(registry, commands_district.lines(lamps=2)[1:2])
    (tmp_path / "lamps.toml").write_text('[default]\nsteps = "sunset 100; sunrise 0"')
    made = CommandQueue(tmp_path / "commands.db")
    yield made
    made.close()


def _keeping(folder: Path) -> NightKeeping:
    return NightKeeping(str(folder / "lamps.toml"), _ZONE, lambda: Fleet.load(Home(folder).registry))


def _kinds(queue: CommandQueue) -> list[str]:
    return sorted(str(row.kind) for row in queue.listed())


def test_a_programme_is_told_when_it_is_looked_at(tmp_path: Path, queue: CommandQueue) -> None:
    """The first look tells the lamp; the next ones, with nothing new, do not."""
    keeping = _keeping(tmp_path)
    for turn in range(3):
        keeping.turn(queue, _NOW_US + turn * LOOK_EVERY_US)

    assert _kinds(queue) == ["lamp_calendar", "lamp_programme"]


def test_a_file_that_is_spoilt_is_told_of_and_changes_nothing(tmp_path: Path, queue: CommandQueue) -> None:
    """Who saves a programme with a fault in it sees why it is not used; the one of before holds."""
    keeping = _keeping(tmp_path)
    keeping.turn(queue, _NOW_US)
    (tmp_path / "lamps.toml").write_text('[default]\nsteps = "sunset and later"')
    keeping.turn(queue, _NOW_US + LOOK_EVERY_US)
    spoilt = keeping.trouble
    (tmp_path / "lamps.toml").write_text('[default]\nsteps = "sunset 100; 23:00 40; sunrise 0"')
    keeping.turn(queue, _NOW_US + 2 * LOOK_EVERY_US)

    assert "'sunset and later' is no step such as" in spoilt
    assert (keeping.trouble, _kinds(queue).count("lamp_programme")) == ("", 2)


def test_a_lamp_for_whom_too_much_waits_is_told_when_there_is_room(
    tmp_path: Path, queue: CommandQueue
) -> None:
    """A full queue of one lamp ends no look: it is told at the first one that finds room."""
    waiting = [
        queue.put(wish(LampLevel(9, f"{n}"), "lamp-0001"), by="a", now_us=_NOW_US).id
        for n in range(MOST_OPEN)
    ]
    keeping = _keeping(tmp_path)
    keeping.turn(queue, _NOW_US)
    for number in waiting[:2]:
        queue.cancel(number, by="a", now_us=_NOW_US)
    keeping.turn(queue, _NOW_US + LOOK_EVERY_US)

    programmes = [str(row.kind) for row in queue.listed(CommandFilters(group="programme"))]
    assert sorted(programmes) == ["lamp_calendar", "lamp_programme"]


def test_no_file_is_no_programme(tmp_path: Path, queue: CommandQueue) -> None:
    """Without a file nothing is ever looked at."""
    NightKeeping("", _ZONE, lambda: Fleet.load(Home(tmp_path).registry)).turn(queue, _NOW_US)

    assert _kinds(queue) == []


@pytest.mark.parametrize(
    ("content", "told"), [('[default]\nsteps = "x"', "'x' is no step such as"), (None, "No such file")]
)
def test_a_check_tells_a_programmes_faults(tmp_path: Path, content: str | None, told: str) -> None:
    """`narrowgate check` names the file and what is wrong with it."""
    config = tmp_path / "narrowgate.toml"
    config.write_text('[commands]\nprogramme_file = "nights.toml"\n')
    if content is not None:
        (tmp_path / "nights.toml").write_text(content)

    faults = [str(fault) for fault in faults_of(config, Home(tmp_path)) if "nights.toml" in str(fault)]
    assert len(faults) == 1
    assert told in faults[0]
