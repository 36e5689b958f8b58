"""The outbox's tables: a letter for each step, and a delivery of it for each endpoint that wants it.

A trigger of the database writes both, within the transaction of the step, whoever takes it: the pipeline, the
console or the command line. So what an endpoint wants stands in the database too.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from narrowgate_cases.lifecycle import CITY_WORDS

FORMAT_VERSION = 2
WEBHOOK = "webhook"
"""The endpoint whose letters format version 1 held."""

SCHEMA: str = """
CREATE TABLE IF NOT EXISTS outbox_endpoints (
    endpoint TEXT PRIMARY KEY, is_on INTEGER NOT NULL, is_choosy INTEGER NOT NULL, services TEXT NOT NULL,
    tenants TEXT NOT NULL, units TEXT NOT NULL, places TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS outbox_told (
    endpoint TEXT NOT NULL, case_id INTEGER NOT NULL, PRIMARY KEY (endpoint, case_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox_letters (
    step INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL,
    delivery TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    put_at_s INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS outbox_deliveries (
    endpoint TEXT NOT NULL,
    step INTEGER NOT NULL,
    case_id INTEGER NOT NULL,
    due_at_s REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    words TEXT NOT NULL DEFAULT '',
    died_at_s REAL,
    renewed_at_s INTEGER,
    PRIMARY KEY (endpoint, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_deliveries_by_case ON outbox_deliveries (endpoint, case_id, step)
    WHERE died_at_s IS NULL;
CREATE INDEX IF NOT EXISTS outbox_deliveries_by_due ON outbox_deliveries (endpoint, due_at_s, step)
    WHERE died_at_s IS NULL;
CREATE INDEX IF NOT EXISTS outbox_deliveries_by_death ON outbox_deliveries (endpoint, died_at_s)
    WHERE died_at_s IS NOT NULL;
CREATE INDEX IF NOT EXISTS outbox_deliveries_by_step ON outbox_deliveries (step);
CREATE TRIGGER IF NOT EXISTS outbox_letters_go_with_their_last_delivery AFTER DELETE ON outbox_deliveries
BEGIN
    DELETE FROM outbox_letters WHERE step = OLD.step
        AND NOT EXISTS (SELECT 1 FROM outbox_deliveries WHERE step = OLD.step);
END;
CREATE TABLE IF NOT EXISTS outbox_sums (
    endpoint TEXT NOT NULL, name TEXT NOT NULL, letters INTEGER NOT NULL, PRIMARY KEY (endpoint, name)
) STRICT;
CREATE TABLE IF NOT EXISTS outbox_acts (
    id INTEGER PRIMARY KEY, at_s REAL NOT NULL, actor TEXT NOT NULL, act TEXT NOT NULL,
    endpoint TEXT NOT NULL, delivery TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
"""
"""DDL; times are Unix seconds by the host's clock: receivers live by the wall. `services`, `tenants`, `units`
and `places` are JSON lists, an empty one chooses nothing out; `outbox_told` has the cases that a choosy
endpoint was told of, since it is told the rest of them too."""


@dataclass(frozen=True)
class Wants:
    """Which cases an endpoint is told of; what is empty leaves none out."""

    services: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    """Whose devices; a group's case is its tenants' only where they are one."""
    units: tuple[str, ...] = ()
    """Departments or contractors that mend."""
    places: tuple[str, ...] = ()
    """First digits of the cells' codes: a district's, a street's."""

    @property
    def is_choosy(self) -> bool:
        """Whether it leaves any case out."""
        return bool(self.services or self.tenants or self.units or self.places)


def _instant(column: str) -> str:
    """Give SQL for a column in [us] as RFC 3339 text; null stays null."""
    seconds = f"strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000000, 'unixepoch')"
    return f"CASE WHEN {column} IS NULL THEN NULL ELSE printf('%s.%06dZ', {seconds}, {column} % 1000000) END"


_WORDS = " ".join(f"WHEN '{step}' THEN '{word}'" for step, word in CITY_WORDS.items())
_STAGE = f"CASE NEW.step {_WORDS} END"
_COMPONENT = "iif(length(cases.asset) = 16 AND cases.asset NOT GLOB '*[^0-9]*', cases.asset, NULL)"
"""A component's code (GB/T 30428) where the asset's name is one."""
_BODY = f"""json_object(
    'delivery', cases.finding || '-' || taken.n, 'case', cases.number, 'step', NEW.step,
    'at', {_instant("NEW.at_us")}, 'actor', NEW.actor, 'reason', NEW.reason,
    'service', cases.service, 'severity', cases.severity, 'family', cases.family, 'device', cases.device,
    'series', cases.series, 'asset', cases.asset, 'members', json(cases.members), 'state', cases.state,
    'finding', cases.finding, 'raised_at', {_instant("cases.raised_at")},
    'cleared_at', {_instant("cases.cleared_at")}, 'opened_at', {_instant("cases.opened_at")},
    'closed_at', {_instant("cases.closed_at")}, 'due_at', {_instant("cases.due_at")}, 'unit', cases.unit,
    'cell', cases.cell, 'district', cases.district, 'street', cases.street, 'lat', cases.lat,
    'lon', cases.lon, 'stage', {_STAGE}, 'component', {_COMPONENT},
    'evidence', json(NEW.evidence))"""


def _chosen(names: str, value: str) -> str:
    """Give SQL that says whether a list is empty or has a value."""
    has_one = f"EXISTS (SELECT 1 FROM json_each({names}) AS one WHERE one.value = {value})"  # noqa: S608
    return f"({names} = '[]' OR {has_one})"


_CHOSEN = f"""{_chosen("wants.services", "cases.service")} AND {_chosen("wants.tenants", "cases.tenant")}
    AND {_chosen("wants.units", "cases.unit")}
    AND {_chosen("wants.places", "substr(cases.cell, 1, length(one.value))")}"""
_WANTING = """SELECT endpoint FROM outbox_endpoints WHERE is_on AND (NOT is_choosy OR EXISTS (
    SELECT 1 FROM outbox_told AS told WHERE told.endpoint = outbox_endpoints.endpoint
    AND told.case_id = NEW.case_id))"""

_TRIGGER = f"""
CREATE TRIGGER outbox_follows_case_steps AFTER INSERT ON case_steps
BEGIN
    INSERT OR IGNORE INTO outbox_told SELECT endpoint, NEW.case_id FROM outbox_endpoints AS wants, cases
        WHERE wants.is_on AND wants.is_choosy AND cases.id = NEW.case_id AND {_CHOSEN};
    INSERT OR IGNORE INTO outbox_letters (step, case_id, delivery, body, put_at_s)
        SELECT NEW.id, NEW.case_id, cases.finding || '-' || taken.n, {_BODY},
            CAST(strftime('%s', 'now') AS INTEGER)
        FROM cases, (SELECT count(*) AS n FROM case_steps WHERE case_id = NEW.case_id) AS taken
        WHERE cases.id = NEW.case_id AND EXISTS ({_WANTING});
    INSERT OR IGNORE INTO outbox_deliveries (endpoint, step, case_id)
        SELECT endpoint, NEW.id, NEW.case_id FROM ({_WANTING});
END;
"""  # noqa: S608 - literals
_NO_TRIGGER = "DROP TRIGGER IF EXISTS outbox_follows_case_steps;"
_NOTE = f"INSERT OR REPLACE INTO desk_meta VALUES ('outbox_format_version', {FORMAT_VERSION});"  # noqa: S608 - a literal

_FROM_VERSION_1 = f"""
INSERT OR IGNORE INTO outbox_letters SELECT step, case_id, delivery, body, put_at_s FROM outbox;
INSERT OR IGNORE INTO outbox_deliveries
    SELECT '{WEBHOOK}', step, case_id, due_at_s, attempts, words, died_at_s, NULL FROM outbox;
INSERT OR REPLACE INTO outbox_sums SELECT '{WEBHOOK}', name, steps FROM outbox_totals;
INSERT OR IGNORE INTO outbox_endpoints
    SELECT '{WEBHOOK}', 1, 0, '[]', '[]', '[]', '[]' FROM sqlite_schema
    WHERE type = 'trigger' AND name = 'outbox_follows_case_steps';
DROP TRIGGER IF EXISTS outbox_follows_case_steps;
DROP TABLE outbox;
DROP TABLE outbox_totals;
"""  # noqa: S608 - literals
"""Version 1 had one receiver, whose letters were all there were."""


def install_outbox(connection: sqlite3.Connection, endpoints: Iterable[tuple[str, Wants]] = ()) -> None:
    """Make the tables, or bring them to this format, and have every step from now on put in for endpoints.

    Endpoints that are not named are told of no further step; what waits for them stays.

    Args:
        connection: the state database, the desk's tables made, outside any transaction.
        endpoints: each by its name, and what it wants.

    Raises:
        ValueError: a later release wrote the tables.
        sqlite3.Error: the database cannot be written.
    """
    version = _version(connection)
    if version > FORMAT_VERSION:
        raise ValueError(
            f"the outbox has format version {version}; this release reads up to {FORMAT_VERSION}"
        )
    rows = [
        (
            endpoint,
            wants.is_choosy,
            *map(json.dumps, (wants.services, wants.tenants, wants.units, wants.places)),
        )
        for endpoint, wants in endpoints
    ]
    with transaction(connection):
        for statement in _statements(
            SCHEMA + (_FROM_VERSION_1 if version == 1 else "") + _NO_TRIGGER + _NOTE
        ):
            connection.execute(statement)
        connection.execute("UPDATE outbox_endpoints SET is_on = 0")
        connection.executemany("INSERT OR REPLACE INTO outbox_endpoints VALUES (?, 1, ?, ?, ?, ?, ?)", rows)
        if rows:
            connection.execute(_TRIGGER)


def has_outbox(connection: sqlite3.Connection) -> bool:
    """Say whether there are tables of this format."""
    sql = "SELECT 1 FROM sqlite_schema WHERE name = 'outbox_deliveries'"
    return connection.execute(sql).fetchone() is not None


def wants_by_endpoint(connection: sqlite3.Connection) -> dict[str, Wants]:
    """Give what each endpoint wants that is told of steps now; empty where there is no outbox."""
    if not has_outbox(connection):
        return {}
    rows = connection.execute(
        "SELECT endpoint, services, tenants, units, places FROM outbox_endpoints WHERE is_on"
    )
    return {endpoint: Wants(*(tuple(json.loads(each)) for each in lists)) for endpoint, *lists in rows}


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a block as a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield


def _version(connection: sqlite3.Connection) -> int:
    """Give the format version of what is there; 0 where nothing is."""
    sql = "SELECT value FROM desk_meta WHERE name = 'outbox_format_version'"
    row = connection.execute(sql).fetchone()
    if row is not None:
        return int(row[0])
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'outbox_totals'").fetchone()
    return int(found is not None)


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script, which `executescript` would run outside the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        for part in line.replace(";", ";\0").split("\0"):
            statement += part
            if sqlite3.complete_statement(statement):
                yield statement
                statement = ""
