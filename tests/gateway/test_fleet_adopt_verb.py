"""`narrowgate fleet adopt`: devices that send and that nobody has registered."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from codec_fixtures import ROOT, load
from narrowgate_fleet import Fleet
from narrowgate_gateway.settings import Home
from narrowgate_gateway.verbs.fleet import command
from narrowgate_ingest.quarantine import Quarantine, Refused

AT_US = 1_772_400_000_000_000
METER = bytes.fromhex(load(ROOT / "cjt188_water_v2004" / "reply_valve_closed.toml")["hex"])
LAMP = bytes.fromhex(load(ROOT / "huati_nb_v1" / "report_lamp_on.toml")["hex"])
VAGUE = bytes([1])
"""One byte that is many sensors' word."""


def refused(frame: int, device: str, payload: bytes, reason: str = "unknown") -> Refused:
    """Give a frame as the quarantine keeps it."""
    at_us = AT_US + frame * 1_000_000
    return Refused(frame, at_us, "coap", "coap", f"nb/{device}/up", device, None, reason, "", payload)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with frames of three strangers, and of a device whose frames were refused for another reason."""
    place = Home(tmp_path / "state")
    frames = [
        *(refused(n, "meter-1", METER) for n in range(3)),
        refused(3, "lamp-1", LAMP),
        refused(4, "thing-1", VAGUE),
        refused(5, "noise-1", b"HELLO WORLD, this is no frame"),
        refused(6, "known-1", METER, "integrity"),
    ]
    quarantine = Quarantine(place.quarantine)
    quarantine.put(frames, 0, 10)
    quarantine.close()
    return place.root


def adopt(home: Path, *arguments: str) -> Result:
    """Run the verb."""
    return CliRunner().invoke(command, ["adopt", *arguments], env={"NARROWGATE_HOME": str(home)})


def listed(result: Result) -> dict[str, dict[str, Any]]:
    """Give what was listed, by device."""
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return {row["device"]: row for row in rows}


def test_strangers_are_listed_with_a_guess_and_its_reason(home: Path) -> None:
    """Those refused for another reason are known already and are not listed."""
    done = adopt(home)
    rows = listed(done)

    assert sorted(rows) == ["lamp-1", "meter-1", "noise-1", "thing-1"]
    assert (rows["meter-1"]["profile"], rows["meter-1"]["frames"]) == ("cjt188_water_v2004", 3)
    assert rows["meter-1"]["last_received_at"] == "2026-03-01T21:20:02.000000Z"
    assert rows["lamp-1"]["profile"] == "huati_nb_v1"
    assert done.stderr == "2 of 4 have a profile that is believed; --apply registers them\n"


def test_a_frame_that_many_could_have_sent_is_not_guessed(home: Path) -> None:
    """One byte says too little: the candidates are told, none is believed."""
    row = listed(adopt(home))["thing-1"]

    assert (row["profile"], len(row["candidates"]) > 1, "fits nearly as well" in row["why"]) == (
        None,
        True,
        True,
    )


def test_a_frame_that_nobody_takes_is_told_with_the_nearest(home: Path) -> None:
    """The reason says which profile came nearest, and what it minded."""
    row = listed(adopt(home))["noise-1"]

    assert (row["profile"], row["candidates"]) == (None, [])
    assert row["why"].startswith("no profile takes all of 1 frame; nearest is ")


def test_those_that_are_believed_come_into_the_registry(home: Path) -> None:
    """The others stay strangers."""
    done = adopt(home, "--apply", "--tenant", "east")
    fleet = Fleet.load(home / "registry")

    assert done.exit_code == 0
    assert sorted(map(str, fleet.column("device"))) == ["lamp-1", "meter-1"]
    assert set(fleet.column("tenant")) == {"east"}


def test_some_can_be_named(home: Path) -> None:
    """Only they are listed and registered; one that is no stranger is named."""
    done = adopt(home, "lamp-1", "--apply")
    missing = adopt(home, "lamp-9")

    assert (list(listed(done)), Fleet.load(home / "registry").slot_count) == (["lamp-1"], 1)
    assert missing.stderr == "Error: no frames of lamp-9 are in quarantine as unknown\n"


def test_a_sheet_is_written_to_be_filled_in(home: Path) -> None:
    """Whoever must decide gets a CSV with what is known."""
    adopt(home, "--csv", str(home / "new.csv"))
    with (home / "new.csv").open() as stream:
        rows = {row["device"]: row["profile"] for row in csv.DictReader(stream)}

    assert rows == {"lamp-1": "huati_nb_v1", "meter-1": "cjt188_water_v2004", "noise-1": "", "thing-1": ""}


def test_a_home_without_strangers_lists_none(tmp_path: Path) -> None:
    """Nothing in quarantine is no fault; a home that is not there is one."""
    tmp_path.joinpath("state").mkdir()
    empty, gone = adopt(tmp_path / "state"), adopt(tmp_path / "gone")

    assert (empty.exit_code, empty.stdout) == (0, "")
    assert (gone.exit_code, "no such home" in gone.stderr) == (1, True)
