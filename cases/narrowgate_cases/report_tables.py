"""The tables of what people report, beside the desk's: each report's words, and apart from them who it is.

`case_reports` has what may be shown with a case. `reporters` has names and addresses of people: nothing else
reads it than `reports_of`, letters and exports never do, and a row leaves by `forget_reporters`.
`case_updates` knows the remarks that came from outside by the names that those who brought them gave.
"""

REPORTS_SQL: str = """
CREATE TABLE IF NOT EXISTS case_reports (
    finding TEXT PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    words TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS case_reports_by_case ON case_reports (case_id, told_at);
CREATE INDEX IF NOT EXISTS case_reports_by_key ON case_reports (actor, key);
CREATE TABLE IF NOT EXISTS reporters (
    finding TEXT PRIMARY KEY REFERENCES case_reports (finding),
    told_at INTEGER NOT NULL,
    person TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS reporters_by_time ON reporters (told_at);
CREATE TABLE IF NOT EXISTS case_updates (
    actor TEXT NOT NULL, name TEXT NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (actor, name)
) STRICT;
CREATE INDEX IF NOT EXISTS cases_by_opening ON cases (opened_at, id, service, closed_at);
CREATE INDEX IF NOT EXISTS case_steps_by_time ON case_steps (at_us, id);
"""
"""DDL; `details` and `person` are JSON objects, times [us] as the desk saw them."""
