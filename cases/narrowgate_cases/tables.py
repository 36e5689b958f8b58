"""The desk's tables in the state database.

A case's number is its rowid made readable, so that it costs no counter of its own and a transaction that is
rolled back and run again gives the same number.
"""

from narrowgate_cases.lifecycle import OPEN_STATES
from narrowgate_cases.report_tables import REPORTS_SQL

FORMAT_VERSION = 3
OPEN_STATES_SQL = ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))
"""The open states as SQL writes a list of them."""
IS_OPEN_SQL = "closed_at IS NULL"
"""The same, told by a column that no index but those of open cases begins with."""
CLOCK_SQL = "iif(warns_at IS NULL, 9223372036854775807, coalesce(due_at, 9223372036854775807))"
"""What the queue is ordered by: whose time is up first; those whose clock stands, or has no limit, last."""

ADDED_TO_CASES: tuple[str, ...] = (
    "cause TEXT NOT NULL DEFAULT ''",
    "unit TEXT",
    "cell TEXT",
    "district TEXT",
    "placed_by TEXT",
    "lat REAL",
    "lon REAL",
    "street TEXT",
    "road_class TEXT",
    "limit_us INTEGER",
    "is_working INTEGER NOT NULL DEFAULT 0",
    "spent_us INTEGER NOT NULL DEFAULT 0",
    "running_since INTEGER",
    "warns_at INTEGER",
    "due_at INTEGER",
    "alarm_at INTEGER",
    "escalation INTEGER NOT NULL DEFAULT 0",
    "reopened INTEGER NOT NULL DEFAULT 0",
    "merged_into INTEGER",
    "tenant TEXT",
)
"""Columns that came to `cases` after format version 1; `tenant` with version 3."""
ADDED_TO_STEPS: tuple[str, ...] = ("state TEXT", "unit TEXT", "due_at INTEGER")
"""Columns that came to `case_steps` with format version 2: where the case stood after the step."""

STEPS_STAY = """
CREATE TRIGGER IF NOT EXISTS case_steps_are_never_changed BEFORE UPDATE ON case_steps
BEGIN SELECT RAISE(ABORT, 'a step of a case is never changed'); END;
CREATE TRIGGER IF NOT EXISTS case_steps_are_never_removed BEFORE DELETE ON case_steps
BEGIN SELECT RAISE(ABORT, 'a step of a case is never removed'); END;
"""

SCHEMA: str = f"""
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
    evidence TEXT NOT NULL,
    {", ".join(ADDED_TO_CASES)}
) STRICT;
CREATE INDEX IF NOT EXISTS cases_by_state ON cases (state, id);
CREATE INDEX IF NOT EXISTS open_cases_by_number ON cases (id) WHERE {IS_OPEN_SQL};
DROP INDEX IF EXISTS open_cases_by_clock;
DROP INDEX IF EXISTS open_cases_by_unit;
CREATE INDEX IF NOT EXISTS open_cases_by_running_clock ON cases (
    {CLOCK_SQL}, id, service, severity, unit, district, device, asset, street, cell, warns_at, due_at,
    closed_at
) WHERE {IS_OPEN_SQL};
CREATE INDEX IF NOT EXISTS open_cases_by_light ON cases (warns_at, due_at, closed_at) WHERE {IS_OPEN_SQL};
CREATE INDEX IF NOT EXISTS open_cases_by_unit_and_clock ON cases (unit, {CLOCK_SQL}, id) WHERE {IS_OPEN_SQL};
CREATE INDEX IF NOT EXISTS cases_by_service ON cases (service);
CREATE INDEX IF NOT EXISTS cases_by_cause ON cases (cause, id);
CREATE INDEX IF NOT EXISTS cases_by_merger ON cases (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX IF NOT EXISTS cases_by_alarm ON cases (alarm_at) WHERE alarm_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS case_steps (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    at_us INTEGER NOT NULL,
    step TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    {", ".join(ADDED_TO_STEPS)}
) STRICT;
CREATE INDEX IF NOT EXISTS case_steps_by_case ON case_steps (case_id, id);
CREATE TABLE IF NOT EXISTS case_findings (
    finding TEXT PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    version INTEGER NOT NULL,
    standing TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS case_findings_by_case ON case_findings (case_id);
CREATE TABLE IF NOT EXISTS case_counts (
    state TEXT NOT NULL, service TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (state, service)
) STRICT;
INSERT INTO case_counts SELECT state, service, count(*) FROM cases
    WHERE NOT EXISTS (SELECT 1 FROM case_counts) GROUP BY state, service;
CREATE TRIGGER IF NOT EXISTS cases_are_counted AFTER INSERT ON cases
BEGIN
    INSERT INTO case_counts VALUES (NEW.state, NEW.service, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER IF NOT EXISTS cases_are_counted_anew AFTER UPDATE OF state ON cases
    WHEN NEW.state IS NOT OLD.state
BEGIN
    UPDATE case_counts SET n = n - 1 WHERE state = OLD.state AND service = OLD.service;
    INSERT INTO case_counts VALUES (NEW.state, NEW.service, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TABLE IF NOT EXISTS desk_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
{REPORTS_SQL}
{STEPS_STAY}
"""  # noqa: S608 - literals
"""DDL of a desk that is new; `install` makes it in a database of any format version.

`service` is the rule's name; `members` and `evidence` are JSON; times are microseconds since 1970 in UTC:
`raised_at` and `cleared_at` as the device meant them, the others as the desk saw them. `cause` is what a
case is about, the same at every relapse; `tenant` has its devices, null where several have. `limit_us` …
`alarm_at` are the case's clock: `running_since` is null while it stands, `spent_us` is what had gone by
then, `due_at` is when the limit is reached.
`case_findings` says which case tells of a finding; `case_counts` has what would be counted among a million.
"""
