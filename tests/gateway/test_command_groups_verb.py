"""`narrowgate commands order|groups|programme` on a home: what is told, and what is told again."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import commands_district
from narrowgate_fleet import CommandQueue, CommandReason, CommandSending, Heard, Ready, Registry
from narrowgate_gateway.verbs.commands import command

_LAMPS = """
[arterial]
steps = "sunset 100; 23:00 60; 05:00 100; sunrise 0"
[[special_days]]
days = [2026-10-01]
steps.arterial = "sunset 100; sunrise 0"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three lamps of three makers and two meters."""
    with Registry(tmp_path) as registry:
        commands_district.enrol(registry, commands_district.lines(lamps=3))
    (tmp_path / "lamps.toml").write_text(_LAMPS)
    return tmp_path


def _told(home: Path, *arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(command, [*arguments, "--home", str(home)])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def _programme(home: Path, *more: str) -> list[dict[str, Any]]:
    return _told(home, "programme", str(home / "lamps.toml"), *more)


def _confirm(home: Path, device: str, profile: str, at_us: int) -> None:
    """Let a device take and confirm all that waits for it now."""
    sending = CommandSending(home / "commands.db")
    for turn in range(8):
        now_us = at_us + turn * 1_000_000
        claims, _ = sending.claim(
            [Ready(device, profile, f"x{turn}")], CommandReason.ON_ANSWER, now_us=now_us
        )
        sending.left(claims, now_us=now_us)
        sending.heard([Heard(device, now_us + 1, True)] if claims else [], now_us=now_us + 1)
    sending.close()


def test_an_order_and_who_lags_behind_it(home: Path) -> None:
    """An order is printed with its progress, then by name who has not done it and why."""
    (order,) = _told(home, "order", "lamp_level", "level_pct=40", "--where", "feeder=12", "--name", "evening")
    lagging = _told(home, "groups", "evening")

    assert (order["meant"], order["misfits"], [group["name"] for group in _told(home, "groups")]) == (
        3, 1, ["evening"],
    )  # fmt: skip
    assert [one["state"] for one in lagging] == ["PENDING", "PENDING", None]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("order", "lamp_level", "level_pct=40", "--where", "feeder=99"), "no device in use is meant"),
        (("order", "lamp_level", "level_pct=400", "--where", "feeder=12"), "0 to 100 is possible"),
        (("order", "lamp_level", "level_pct=4", "--where", "feeder=12", "--name", "a/b"), "without / and"),
        (("groups", "nothing"), "there is no order 'nothing'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(home: Path, arguments: tuple[str, ...], why: str) -> None:
    """Nobody, a level that there is not, and an unknown order end with exit 1 and the reason."""
    result = CliRunner().invoke(command, [*arguments, "--home", str(home)])

    assert (result.exit_code, why in result.output) == (1, True)


def test_an_order_is_taken_back_as_far_as_it_has_not_left(home: Path) -> None:
    """What waits is canceled with the reason, what is on its way stays, and nothing comes back by itself."""
    ordered = ("order", "lamp_level", "level_pct=40", "--where", "feeder=12", "--name", "evening")
    _told(home, *ordered)
    at_us = int(time.time() * 1e6) + 1_000_000
    sending = CommandSending(home / "commands.db")
    sending.claim([Ready("lamp-0000", "huati_nb_v1", "x")], CommandReason.ON_ANSWER, now_us=at_us)
    sending.close()
    (back,) = _told(home, "cancel", "--group", "evening", "-m", "wrong feeder")
    (again,) = _told(home, *ordered)

    assert (back["states"]["CANCELED"], back["states"]["SENT"], again["open"]) == (1, 1, 1)
    assert [one["detail"] for one in _told(home, "groups", "evening")][1] == "wrong feeder"


@pytest.mark.parametrize("arguments", [(), ("17", "--group", "evening")])
def test_one_command_or_one_order_is_taken_back(home: Path, arguments: tuple[str, ...]) -> None:
    """Neither of the two, or both, is wrong use."""
    assert CliRunner().invoke(command, ["cancel", *arguments, "--home", str(home)]).exit_code == 2


def test_a_programme_is_told_once_and_again_when_it_changes(home: Path) -> None:
    """A controller that keeps nights is told once; a changed file tells it only what changed."""
    looked = _programme(home, "--check")[-1]
    first, second = (_programme(home, "--apply")[-1] for _ in range(2))
    with_queue = CommandQueue(home / "commands.db")
    at_us = max(row.put_at_us for row in with_queue.listed()) + 1_000_000
    with_queue.close()
    _confirm(home, "lamp-0001", "nas_ul20xx_v11", at_us)
    third = _programme(home, "--apply")[-1]
    (home / "lamps.toml").write_text(_LAMPS.replace("23:00 60", "23:00 50"))
    changed = _programme(home, "--check")

    assert [one["put"] for one in (looked, first, second, third)] == [0, first["put"], 0, 0]
    assert (first["new"], second["on_its_way"], third["kept"], first["each_night"]) == (1, 1, 1, 1)
    told = next(line for line in changed if line.get("device") == "lamp-0001")
    assert [command["kind"] for command in told["commands"]] == ["lamp_programme"]


def test_who_cannot_keep_a_programme_is_listed(home: Path) -> None:
    """Relays cannot be dimmed: the lamp is named with the reason and told nothing."""
    lines = _programme(home, "--apply")

    refused = [line for line in lines if line.get("standing") == "refused"]
    assert [(one["device"], one["commands"]) for one in refused] == [("lamp-0002", [])]
    assert "level_pct: 60.0 is none that it understands" in refused[0]["reason"]


def test_levels_that_a_programme_no_longer_says_are_taken_back(home: Path) -> None:
    """A lamp that is told each level is not told those of the file of before."""
    _programme(home, "--apply")
    (home / "lamps.toml").write_text(_LAMPS.replace("23:00 60", "23:10 50"))
    _programme(home, "--apply")
    queue = CommandQueue(home / "commands.db")
    waiting = [row.arguments.get("level_pct") for row in queue.listed(most=99) if row.state == "PENDING"]
    queue.close()

    assert (60.0 in waiting, 50.0 in waiting) == (False, True)


def test_a_night_that_did_not_reach_a_keeper_is_not_kept_on_another(home: Path) -> None:
    """What a controller was to keep and still waits is taken back once the file says what it confirmed."""
    _programme(home, "--apply")
    _confirm(home, "lamp-0001", "nas_ul20xx_v11", int(time.time() * 1e6) + 1_000_000)
    for minute in ("23:10", "23:00"):
        (home / "lamps.toml").write_text(_LAMPS.replace("23:00", minute))
        standing = _programme(home, "--apply")[-1]
    waiting = _told(home, "list", "--device", "lamp-0001", "--open")

    assert (standing["kept"], waiting) == (1, [])


def test_a_file_that_is_as_before_is_told_as_before(home: Path) -> None:
    """Levels that were taken back, and are said again, are put again."""
    put = []
    for minute in ("23:00", "23:10", "23:00", "23:00"):
        (home / "lamps.toml").write_text(_LAMPS.replace("23:00", minute))
        put.append(_programme(home, "--apply")[-1]["put"] > 0)

    assert put == [True, True, True, False]


def test_every_fault_of_a_programme_is_told(home: Path) -> None:
    """A file that is no programme ends with exit 1 and a line for each fault."""
    (home / "lamps.toml").write_text('[a]\nsteps = "x"\n[b]\nsteps = "y"\n')
    result = CliRunner().invoke(command, ["programme", str(home / "lamps.toml"), "--home", str(home)])

    assert (result.exit_code, result.output.count("is no step such as")) == (1, 2)
