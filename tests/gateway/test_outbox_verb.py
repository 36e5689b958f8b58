import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prometheus_client.core import CollectorRegistry

from findings_rows import batch, raised
from narrowgate_cases import DEFAULT_PRACTICE, Wants, apply, install, install_outbox
from narrowgate_cases.outbox import next_letter, note_dead
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.letters_out import LettersOut, outlets_of
from narrowgate_gateway.settings import Settings
from narrowgate_ingest.state import State


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a letter that waits for `a`, and two that were given up for `b`."""
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        install(connection)
        install_outbox(connection, [("a", Wants(services=("leak",))), ("b", Wants(services=("lamp_out",)))])
        apply(connection, batch(raised("f1"), raised("f2"), raised("f3", rule="leak")), 7)
        while (letter := next_letter(connection, "b", 9.0)) is not None:
            note_dead(connection, "b", letter, "410 Gone", 9.0)
    return tmp_path


def _run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(narrowgate, ["cases", "outbox", words[0], "--home", str(home), *words[1:]])


def _held(home: Path, *words: str) -> list[tuple[str, str]]:
    told = map(json.loads, _run(home, "list", *words).stdout.splitlines())
    return [(one["endpoint"], one["delivery"]) for one in told]


def test_what_is_stuck_is_listed_by_endpoint_and_state(home: Path) -> None:
    """Letters that wait and those given up are told apart, each with the endpoint that lacks it."""
    assert _held(home) == [("b", "f1-1"), ("b", "f2-1"), ("a", "f3-1")]
    assert _held(home, "--dead") == [("b", "f1-1"), ("b", "f2-1")]
    assert _held(home, "--waiting", "--endpoint", "a") == [("a", "f3-1")]


def test_dead_letters_are_tried_again_by_name_or_all(home: Path) -> None:
    """What is tried again waits as if it were new."""
    one = _run(home, "retry", "f1-1", "--endpoint", "b")
    rest = _run(home, "retry", "--all-dead", "--endpoint", "b")

    assert [one.stderr, rest.stderr] == ["1 letters are tried again\n"] * 2
    assert _held(home, "--dead") == []


def test_a_letter_is_dropped_with_a_reason(home: Path) -> None:
    """It is gone; who dropped it and why stays."""
    result = _run(home, "drop", "f1-1", "--endpoint", "b", "-m", "duplicate")
    with closing(sqlite3.connect(home / "state.db")) as state:
        acts = state.execute("SELECT act, delivery, reason FROM outbox_acts").fetchall()

    assert result.exit_code == 0, result.output
    assert _held(home, "--endpoint", "b") == [("b", "f2-1")]
    assert acts == [("dropped", "f1-1", "duplicate")]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("retry", "f9-1", "--endpoint", "b"), 1, "no letter 'f9-1' waits for 'b'"),
        (("retry", "--all-dead", "--endpoint", "c"), 1, "never was an endpoint 'c'"),
        (("retry", "--endpoint", "b"), 2, "name letters, or say --all-dead"),
        (("drop", "f1-1", "--endpoint", "b", "-m", " "), 1, "needs a reason"),
        (("drop", "f1-1", "--endpoint", "b"), 2, "Missing option '--reason'"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    home: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    """A letter, an endpoint or a reason that is none changes nothing."""
    result = _run(home, *words)

    assert (result.exit_code, told in result.stderr.splitlines()[-1]) == (code, True), result.output
    assert len(_held(home)) == 3


def test_endpoints_are_told_apart_in_checks_and_metrics(home: Path) -> None:
    """Each endpoint has its line in readiness and its labels in metrics; the names of the webhook stay."""
    state = State(home / "state.db")
    settings = Settings.model_validate(
        {"webhook": {"url": "http://127.0.0.1:9/", "secret_env": "PATH", "services": ["leak"]}}
    )
    letters = LettersOut(outlets_of(settings, DEFAULT_PRACTICE, lambda: 7), state)
    registry = CollectorRegistry()
    registry.register(letters)
    with state.transaction() as connection:
        apply(connection, batch(raised("f4"), raised("f5", rule="leak")), 8)
    [check] = letters.checks()
    values = {
        name: registry.get_sample_value(
            f"narrowgate_{name}", {"endpoint": "webhook"} if "outbox" in name else {}
        )
        for name in ("outbox_waiting_letters", "webhook_waiting_letters")
    }
    given_up = {"endpoint": "b", "outcome": "given_up"}
    state.close()

    assert (check.name, check.words) == ("webhook", "0 delivered, 1 waiting, 0 given up")
    assert values == {"outbox_waiting_letters": 1.0, "webhook_waiting_letters": 1.0}
    assert registry.get_sample_value("narrowgate_outbox_letters_total", given_up) == 2.0
