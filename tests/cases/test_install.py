import json
import sqlite3
from pathlib import Path

import pytest

from findings_rows import batch, cleared, raised
from narrowgate_cases import SCHEMA, State, apply, case, counts, install

OLD_FORMAT = """
CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE GENERATED ALWAYS AS (printf('C-%06d', id)) VIRTUAL,
    finding TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, service TEXT NOT NULL, severity TEXT NOT NULL,
    family TEXT NOT NULL, device TEXT NOT NULL, series TEXT NOT NULL, asset TEXT, members TEXT NOT NULL,
    state TEXT NOT NULL, raised_at INTEGER NOT NULL, cleared_at INTEGER, opened_at INTEGER NOT NULL,
    closed_at INTEGER, evidence TEXT NOT NULL
) STRICT;
CREATE INDEX cases_by_state ON cases (state, id);
CREATE TABLE case_steps (
    id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases (id), at_us INTEGER NOT NULL,
    step TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, evidence TEXT NOT NULL
) STRICT;
CREATE INDEX case_steps_by_case ON case_steps (case_id, id);
CREATE TRIGGER case_steps_are_never_changed BEFORE UPDATE ON case_steps
BEGIN SELECT RAISE(ABORT, 'a step of a case is never changed'); END;
CREATE TRIGGER case_steps_are_never_removed BEFORE DELETE ON case_steps
BEGIN SELECT RAISE(ABORT, 'a step of a case is never removed'); END;
INSERT INTO cases VALUES
    (1, 'f1', 2, 'lamp_out', 'minor', 'lighting', 'lamp-1', '', 'column-1', '[]', 'closed', 5, 6, 7, 9, '{}'),
    (2, 'f2', 1, 'lamp_out', 'minor', 'lighting', 'lamp-2', '', NULL, '[]', 'reported', 5, NULL, 8, NULL,
     '{}'),
    (3, 'f3', 2, 'lamp_out', 'minor', 'lighting', 'lamp-3', '', NULL, '[]', 'void', 5, 5, 8, 9, '{}');
INSERT INTO case_steps VALUES
    (1, 1, 7, 'reported', 'device', 'raised', '{}'), (2, 2, 8, 'reported', 'device', 'raised', '{}'),
    (3, 3, 8, 'reported', 'device', 'raised', '{}'), (4, 1, 9, 'closed', 'device', 'recovered', '{}'),
    (5, 3, 9, 'void', 'device', 'retracted', '{}');
"""


@pytest.fixture
def old(tmp_path: Path) -> sqlite3.Connection:
    """A desk as format version 1 left it: one closed, one reported, one void case."""
    connection = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    connection.executescript(OLD_FORMAT)
    return connection


def _content(connection: sqlite3.Connection) -> list[str]:
    return list(connection.iterdump())


def test_cases_of_the_old_format_keep_state_and_history(old: sqlite3.Connection) -> None:
    """An upgrade changes no state and no step, and says where a case stood after each step."""
    install(old)
    found = case(old, "C-000001")

    assert found is not None
    assert [(step.at_us, step.step) for step in found[1]] == [(7, "reported"), (9, "closed")]
    assert counts(old).by_state[State.REPORTED] == 1
    states = old.execute("SELECT state FROM case_steps ORDER BY id").fetchall()
    assert [state for (state,) in states] == ["reported"] * 3 + ["closed", "void"]


def test_cases_of_the_old_format_go_on(old: sqlite3.Connection) -> None:
    """Findings close and reopen the cases that an older release opened, and repeat none."""
    install(old)
    apply(old, batch(raised("f1"), raised("f2", asset=None), cleared("f2", asset=None)), 20)
    apply(old, batch(raised("f1", version=3)), 21)

    assert [state for (state,) in old.execute("SELECT state FROM cases ORDER BY id")] == [
        "reported", "closed", "void",
    ]  # fmt: skip


def test_an_upgrade_again_changes_nothing(old: sqlite3.Connection) -> None:
    """Tables of this format are left as they are."""
    install(old)
    before = _content(old)
    install(old)

    assert _content(old) == before


def test_history_stays_append_only_after_an_upgrade(old: sqlite3.Connection) -> None:
    """The upgrade leaves the guard of the history behind it as it found it."""
    install(old)

    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        old.execute("UPDATE case_steps SET state = 'void'")


def test_an_upgrade_that_fails_changes_nothing(old: sqlite3.Connection) -> None:
    """A database that cannot be upgraded is left as the older release can read it."""
    old.execute("CREATE VIEW case_findings AS SELECT 1")
    before = _content(old)
    with pytest.raises(sqlite3.Error):
        install(old)

    assert _content(old) == before


def test_a_later_format_is_refused(old: sqlite3.Connection) -> None:
    """Tables that a later release wrote are not touched."""
    install(old)
    old.execute("UPDATE desk_meta SET value = 9")

    with pytest.raises(ValueError, match="format version 9; this release reads up to 3"):
        install(old)


def test_evidence_of_the_old_format_is_kept(old: sqlite3.Connection) -> None:
    """What decided an older case is still told."""
    install(old)
    found = case(old, "C-000003")

    assert found is not None
    assert json.loads(found[0].evidence) == {}


def _statements(script: str) -> list[str]:
    """Give a script's statements."""
    statements, begun = [], ""
    for piece in script.split(";"):
        begun += piece + ";"
        if sqlite3.complete_statement(begun):
            statements.append(begun)
            begun = ""
    return statements


def test_a_desk_that_was_half_made_is_made_whole() -> None:
    """Whatever statement was the last when a core fell at its first start, the next one goes on there."""
    whole = sqlite3.connect(":memory:", isolation_level=None)
    install(whole)
    statements = _statements(SCHEMA)
    for made in range(len(statements) + 1):
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.executescript("".join(statements[:made]))
        install(connection)

        assert sorted(connection.iterdump()) == sorted(whole.iterdump()), f"behind {made} statements"


def test_a_desk_is_made_wholly_or_not_at_all(tmp_path: Path) -> None:
    """A file that lets nothing in leaves none of its tables behind."""
    connection = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    connection.execute("PRAGMA page_size = 512")
    connection.execute("CREATE TABLE other (n INTEGER)")
    connection.execute("PRAGMA max_page_count = 30")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        install(connection)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]

    assert tables == ["other"]
