"""`narrowgate rules shelve|unshelve|shelves|clear` as their user meets them."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest_line import Line, city, register
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.control import Request
from narrowgate_gateway.control_errands import Errands
from narrowgate_gateway.control_server import Refused
from narrowgate_gateway.settings import Home, Settings
from narrowgate_ingest.runner import Pace, Runner
from narrowgate_schema.clock import SystemClock


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home with a registry, in which nothing was heard yet."""
    register(tmp_path / "home", city(3))
    (tmp_path / "home" / "journal").mkdir()
    return tmp_path / "home"


def rules(home: Path, *arguments: str) -> Result:
    """Run the verb."""
    config = ("--config", str(home / "none.toml"))
    return CliRunner().invoke(narrowgate, ["rules", *arguments, "--home", str(home), *config])


def _shelved(home: Path) -> Result:
    said = ("--rule", "lamp_silent", "--for", "8h", "--reason", "works", "--user", "wang")
    return rules(home, "shelve", *said)


def test_a_shelf_is_put_up_and_listed(home: Path) -> None:
    """A shelf is told with its number, and listed with rule, end, user and reason."""
    made = json.loads(_shelved(home).stdout)

    (row,) = [json.loads(line) for line in rules(home, "shelves").stdout.splitlines()]

    assert {
        "number": made["shelf"],
        "rule": "lamp_silent",
        "device": "",
        "since_us": made["until_us"] - 8 * 3_600_000_000,
        "until_us": made["until_us"],
        "actor": "wang",
        "reason": "works",
    } == row


def test_a_shelf_is_taken_down(home: Path) -> None:
    """A shelf that was ended is listed no more."""
    _shelved(home)

    ended = rules(home, "unshelve", "1", "--reason", "done")

    assert (ended.exit_code, rules(home, "shelves").stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("shelve", "--for", "8h", "--reason", "r"), 2, "name --rule, --device or both"),
        (("shelve", "--rule", "burst", "--for", "long", "--reason", "r"), 2, "--for"),
        (("shelve", "--rule", "flood", "--for", "8h", "--reason", "r"), 1, "'flood' is no rule"),
        (("shelve", "--rule", "burst", "--for", "40d", "--reason", "r"), 1, "within 31 days"),
        (("unshelve", "7", "--reason", "r"), 1, "no shelf 7"),
        (("clear", "f0", "--reason", "r"), 1, "no finding 'f0' is open"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    home: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """What is wrong, or refused, is said in one line."""
    result = rules(home, *arguments)

    assert (result.exit_code, words in result.stderr, "Traceback" in result.output) == (code, True, False)


def test_a_core_does_it_between_two_batches(home: Path) -> None:
    """A core that is up shelves for whoever asks over its socket, and refuses what cannot be done."""
    line = Line(home, home / "journal")
    runner = Runner(
        line.pipeline,
        line.tail,
        Pace(batch_rows=1000, snapshot_every_s=60.0, drain_s=5.0, keep_bytes=1 << 20),
    )
    working = threading.Thread(target=runner.run)
    working.start()
    handlers = Errands(runner, Home(home), Settings(), SystemClock()).handlers()
    said: dict[str, Any] = {"user": "wang", "reason": "works", "rule": "burst", "for_s": 3600}

    try:
        answer: dict[str, Any] = asyncio.run(handlers[Request.SHELVE](said))  # type: ignore[arg-type]
        with pytest.raises(Refused, match="no finding"):
            asyncio.run(handlers[Request.CLEAR]({**said, "finding": "f0"}))  # type: ignore[arg-type]
    finally:
        runner.stop()
        working.join()
        line.close()

    assert answer["shelf"] == 1
