"""The desk's tables in the state database.

A case's number is its rowid made readable, so that it costs no counter of its own and a transaction that is
rolled back and run again gives the same number.
"""

SCHEMA: str = """
CREATE TABLE IF NOT EXISTS cases (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE GENERATED ALWAYS AS (printf('C-%06d', id)) VIRTUAL,
    finding TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    service TEXT NOT NULL,
    severity TEXT NOT NULL,
    family TEXT NOT NULL,
    device TEXT NOT NULL,
    series TEXT NOT NULL,
    asset TEXT,
    members TEXT NOT NULL,
    state TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    cleared_at INTEGER,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    evidence TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS cases_by_state ON cases (state, id);
CREATE TABLE IF NOT EXISTS case_steps (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    at_us INTEGER NOT NULL,
    step TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS case_steps_by_case ON case_steps (case_id, id);
CREATE TRIGGER IF NOT EXISTS case_steps_are_never_changed BEFORE UPDATE ON case_steps
BEGIN SELECT RAISE(ABORT, 'a step of a case is never changed'); END;
CREATE TRIGGER IF NOT EXISTS case_steps_are_never_removed BEFORE DELETE ON case_steps
BEGIN SELECT RAISE(ABORT, 'a step of a case is never removed'); END;
"""
"""DDL for `sqlite3.Connection.executescript`, which ends an open transaction: run it when the file is opened.

`service` is the rule's name, `members` and `evidence` are JSON, times are microseconds since 1970 in UTC:
`raised_at` and `cleared_at` as the device meant them, `opened_at`, `closed_at` and `at_us` as the desk saw
them.
"""
