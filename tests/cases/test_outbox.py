import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from findings_rows import batch, cleared, raised, retracted
from narrowgate_cases import Wants, apply, install_outbox, outbox, outbox_counts
from narrowgate_cases.outbox import (
    OutboxCounts,
    dead_letters,
    next_letter,
    note_dead,
    note_delivered,
    note_failed,
    waiting_letters,
)

HOOK = "webhook"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def desk(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A desk whose steps go to an outbox."""
    install_outbox(connection, [(HOOK, Wants())])
    return connection


def _open(desk: sqlite3.Connection, *findings: str) -> None:
    apply(desk, batch(*(raised(finding) for finding in findings)), 7)


def test_a_step_puts_a_letter_into_the_outbox(desk: sqlite3.Connection) -> None:
    """A letter says which case took which step, as the case stood then, with times in UTC."""
    apply(desk, batch(raised(device="灯-1", members=["a", "b"])), 1_500_000)
    letter = next_letter(desk, HOOK, 0.0)

    assert letter is not None
    assert json.loads(letter.body) == {
        "delivery": "f1-1",
        "case": "C-000001",
        "step": "reported",
        "at": "1970-01-01T00:00:01.500000Z",
        "actor": "device",
        "reason": "raised",
        "service": "lamp_out",
        "severity": "minor",
        "family": "lighting",
        "device": "灯-1",
        "series": "",
        "asset": "column-1",
        "members": ["a", "b"],
        "state": "reported",
        "finding": "f1",
        "raised_at": "1970-01-02T00:00:00.000000Z",
        "cleared_at": None,
        "opened_at": "1970-01-01T00:00:01.500000Z",
        "closed_at": None,
        "due_at": "1970-01-03T00:00:01.500000Z",
        **dict.fromkeys(("unit", "cell", "district", "street", "lat", "lon", "component")),
        "stage": "上报",
        "evidence": {},
    }


def test_a_letter_is_what_its_schema_says(desk: sqlite3.Connection) -> None:
    """Every field is in the published schema, and a component's code is told as one."""
    schema = json.loads((DOCS / "webhook-letter.schema.json").read_text())
    told = [raised("f1"), raised("f2", asset="1101010501000123", device="b"), cleared("f1")]
    for each in told:
        apply(desk, batch(each), 7)
    letters = [json.loads(letter.body) for letter in waiting_letters(desk, HOOK, 10)]

    for letter in letters:
        jsonschema_rs.validate(schema, letter, validate_formats=True)
        assert set(letter) == set(schema["properties"])
    assert len(letters) > len(told)
    assert {letter["component"] for letter in letters} == {None, "1101010501000123"}


def test_a_transaction_that_fails_leaves_no_letter(desk: sqlite3.Connection) -> None:
    """A step that is rolled back was never in the outbox."""
    desk.execute("BEGIN")
    _open(desk, "f1")
    desk.execute("ROLLBACK")

    assert outbox_counts(desk).pending == 0


def test_findings_handed_in_again_make_no_second_letter(desk: sqlite3.Connection) -> None:
    """What the desk has seen already puts nothing into the outbox."""
    _open(desk, "f1")
    _open(desk, "f1")

    assert outbox_counts(desk).pending == 1


def test_letters_of_a_case_leave_in_the_order_of_its_steps(desk: sqlite3.Connection) -> None:
    """While an earlier step of its case waits for another try, a later one waits too; other cases do not."""
    _open(desk, "f1")
    apply(desk, batch(cleared("f1"), raised("f2")), 8)
    first = next_letter(desk, HOOK, 0.0)
    assert first is not None
    note_failed(desk, HOOK, first, "500", due_at_s=100.0)
    other = next_letter(desk, HOOK, 50.0)
    assert other is not None
    note_delivered(desk, HOOK, other)

    assert (first.delivery, other.delivery, next_letter(desk, HOOK, 50.0)) == ("f1-1", "f2-1", None)
    assert next_letter(desk, HOOK, 100.0) == replace(first, attempts=1)


def test_each_step_of_a_case_has_a_name_of_its_own(desk: sqlite3.Connection) -> None:
    """A letter is named by finding and step: the same life gives the same names."""
    _open(desk, "f1")
    apply(desk, batch(cleared("f1"), retracted("f1", version=3)), 8)
    names = []
    while (letter := next_letter(desk, HOOK, 0.0)) is not None:
        names.append(letter.delivery)
        note_delivered(desk, HOOK, letter)

    assert names == [f"f1-{n}" for n in range(1, 6)]
    assert outbox_counts(desk) == OutboxCounts(pending=0, dead=0, delivered=5, forgotten=0)


def test_a_dead_letter_is_kept_and_lets_the_next_step_go(desk: sqlite3.Connection) -> None:
    """A letter that was given up is listed with why, and the case's later steps are sent."""
    _open(desk, "f1")
    apply(desk, batch(cleared("f1")), 8)
    first = next_letter(desk, HOOK, 0.0)
    assert first is not None
    note_dead(desk, HOOK, first, "410 Gone", 9.0)
    following = next_letter(desk, HOOK, 9.0)

    assert following is not None
    assert following.delivery == "f1-2"
    assert [(letter.delivery, letter.words) for letter in dead_letters(desk)] == [("f1-1", "410 Gone")]


def test_dead_letters_are_bounded(desk: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the most that are kept, the oldest dead letter makes room and is counted as forgotten."""
    monkeypatch.setattr(outbox, "MOST_DEAD", 2)
    _open(desk, "f1", "f2", "f3")
    for now_s in (1.0, 2.0, 3.0):
        letter = next_letter(desk, HOOK, now_s)
        assert letter is not None
        note_dead(desk, HOOK, letter, "410 Gone", now_s)

    assert [letter.delivery for letter in dead_letters(desk)] == ["f3-1", "f2-1"]
    assert outbox_counts(desk) == OutboxCounts(pending=0, dead=2, delivered=0, forgotten=1)


def test_an_outbox_that_is_switched_off_takes_no_more(desk: sqlite3.Connection) -> None:
    """Without a receiver no step is put aside for one; what was put aside stays."""
    _open(desk, "f1")
    install_outbox(desk)
    _open(desk, "f2")

    assert outbox_counts(desk).pending == 1


def test_a_state_without_an_outbox_counts_nothing(connection: sqlite3.Connection) -> None:
    """A home that never had a receiver has no letters."""
    assert outbox_counts(connection) == OutboxCounts(0, 0, 0, 0)
    assert dead_letters(connection) == []
