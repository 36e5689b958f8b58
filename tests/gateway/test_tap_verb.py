"""`narrowgate tap`: frames and readings as they pass."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operator_verbs import STRANGER, Site, make_site
from programs import started


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A home in which an edge and a core run, after three frames."""
    made = make_site(tmp_path_factory.mktemp("tap"))
    with made.running() as gateway:
        made.send(["bay-1", STRANGER, "bay-2"])
        gateway.until(made.is_drained)
        yield made


def _tapped(site: Site, *arguments: str) -> list[dict[str, Any]]:
    result = site.run_with_config("tap", "--last", "1000", "--once", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_frames_are_told_with_their_readings(site: Site) -> None:
    """Each frame is a line: who sent it, how, what became of it, and what it says."""
    first, stranger = _tapped(site)[:2]

    assert (first["device"], first["disposition"], first["profile"], first["bytes"]) == (
        "bay-1", "stored", "pni_placepod_v1", 3,
    )  # fmt: skip
    assert [reading["occupied"] for reading in first["readings"]] == [True]
    assert stranger["refused"] == {"reason": "unknown", "detail": stranger["refused"]["detail"]}
    assert stranger["readings"] == []


def test_raw_frames_are_told_in_hex(site: Site) -> None:
    """With --raw a line has the frame's bytes and nothing that they mean."""
    lines = _tapped(site, "--raw")[:3]

    assert [line["hex"] for line in lines] == ["156601"] * 3
    assert all("readings" not in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "devices"),
    [
        (("--device", "bay-2"), ["bay-2"]),
        (("--family", "parking"), ["bay-1", "bay-2"]),
        (("--family", "water"), []),
    ],
)
def test_frames_are_picked_by_device_and_family(
    site: Site, arguments: tuple[str, ...], devices: list[str]
) -> None:
    """One device's frames, or those of one family's devices."""
    assert sorted({line["device"] for line in _tapped(site, *arguments)}) == devices


def test_frames_are_told_as_they_come_until_interrupted(site: Site) -> None:
    """A frame that comes in is a line at once; Ctrl-C ends the view without a word."""
    where = ["--home", str(site.home.root), "--config", str(site.config)]
    command = [sys.executable, "-u", "-m", "narrowgate_gateway.app", "tap", "--last", "1000", *where]
    with started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as view:
        assert view.stdout is not None
        assert view.stderr is not None
        told = (line for line in map(json.loads, view.stdout) if line["device"] == "bay-2")
        first = next(told)  # what was there before: the view looks on
        site.send(["bay-2"])
        line = next(told)
        view.send_signal(signal.SIGINT)
        code, said = view.wait(100), view.stderr.read()

    assert (code, said) == (0, "")
    assert line["transport"] == "coap"
    assert line["frame"] > first["frame"]


def test_a_view_leaves_nothing_behind(site: Site) -> None:
    """Nobody is disturbed: the journal's directory has no trace of who looked on."""
    before = sorted(path.name for path in site.home.journal.rglob("*"))
    _tapped(site)

    assert sorted(path.name for path in site.home.journal.rglob("*")) == before


def test_a_home_without_a_journal_is_named(tmp_path: Path) -> None:
    """Where no gateway ran there is nothing to look at."""
    result = make_site(tmp_path).run_with_config("tap", "--once")

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
