"""What each Open311 endpoint has of each case: its request there, and how far each side has told the other.

A row is written before a request is posted: whatever ends then, it is known that it may have been posted.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

FORMAT_VERSION = 1
NEVER_S = 1e18
"""When a request was polled that need not be polled again until its case takes a step."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS open311_requests (
    endpoint TEXT NOT NULL, case_id INTEGER NOT NULL, stage TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0, service_code TEXT NOT NULL,
    first_at_s REAL NOT NULL, posted_at_s REAL NOT NULL,
    told_step INTEGER NOT NULL DEFAULT 0, posting_step INTEGER NOT NULL DEFAULT 0,
    refused_step INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0,
    token TEXT NOT NULL DEFAULT '', request_id TEXT NOT NULL DEFAULT '', status TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '', polled_at_s REAL NOT NULL DEFAULT 0, PRIMARY KEY (endpoint, case_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open311_requests_by_id ON open311_requests (endpoint, request_id);
CREATE INDEX IF NOT EXISTS open311_requests_by_poll ON open311_requests (endpoint, polled_at_s)
    WHERE stage = 'known';
CREATE TABLE IF NOT EXISTS open311_updates (
    endpoint TEXT NOT NULL, update_id TEXT NOT NULL, seen_at_s REAL NOT NULL,
    PRIMARY KEY (endpoint, update_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open311_cursors (endpoint TEXT PRIMARY KEY, until_s REAL NOT NULL) STRICT;
INSERT OR REPLACE INTO desk_meta VALUES ('open311_format_version', {FORMAT_VERSION});
"""  # noqa: S608 - a literal


class Stage(StrEnum):
    """How far a request is."""

    POSTING = "posting"
    """It was, or may have been, posted; nobody knows what came of it."""
    REFUSED = "refused"
    """It was posted, and the server said that it has none."""
    TOKEN = "token"  # noqa: S105 - what the standard calls it
    """The server promised an id."""
    ACCEPTED = "accepted"
    """The server took it and gives no id."""
    KNOWN = "known"
    """Its id is known."""


@dataclass(frozen=True)
class Link:
    """A case's request at an endpoint."""

    case_id: int
    stage: Stage
    generation: int
    """How often the case was posted anew because its request was over there."""
    service_code: str
    first_at_s: float
    """When it may first have been posted."""
    posted_at_s: float
    """When it may last have been posted."""
    told_step: int
    """The last step that the server was told."""
    posting_step: int
    """The step that is, or may have been, posted."""
    token: str
    request_id: str
    status: str
    """As it was polled last."""
    notes: str


_COLUMNS = (
    "case_id, stage, generation, service_code, first_at_s, posted_at_s, told_step, posting_step, token,"
    " request_id, status, notes"
)


def install_links(connection: sqlite3.Connection) -> None:
    """Make the tables.

    Raises:
        ValueError: a later release wrote them.
    """
    row = connection.execute("SELECT value FROM desk_meta WHERE name = 'open311_format_version'").fetchone()
    if row is not None and row[0] > FORMAT_VERSION:
        raise ValueError(
            f"open311 requests have format version {row[0]}; this release reads {FORMAT_VERSION}"
        )
    connection.executescript(_SCHEMA)


def link_of(connection: sqlite3.Connection, endpoint: str, case_id: int) -> Link | None:
    """Give a case's request; None if there was none."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM open311_requests WHERE endpoint = ? AND case_id = ?",  # noqa: S608 - literals
        (endpoint, case_id),
    ).fetchone()
    return None if row is None else _link(row)


def case_of_request(connection: sqlite3.Connection, endpoint: str, request_id: str) -> int | None:
    """Give the case of a request; None if it is nobody's."""
    row = connection.execute(
        "SELECT case_id FROM open311_requests WHERE endpoint = ? AND request_id = ?", (endpoint, request_id)
    ).fetchone()
    return None if row is None else int(row[0])


def note_posting(
    connection: sqlite3.Connection,
    endpoint: str,
    case_id: int,
    service_code: str,
    generation: int,
    now_s: float,
) -> None:
    """Note that a request is posted now, before it is."""
    connection.execute(
        "INSERT INTO open311_requests"
        " (endpoint, case_id, stage, generation, service_code, first_at_s, posted_at_s)"
        " VALUES (?1, ?2, 'posting', ?3, ?4, ?5, ?5) ON CONFLICT DO UPDATE SET stage = 'posting',"
        " first_at_s = iif(generation = ?3, min(first_at_s, ?5), ?5), generation = ?3, service_code = ?4,"
        " posted_at_s = ?5, token = '', request_id = '', status = '', notes = ''",
        (endpoint, case_id, generation, service_code, now_s),
    )


def set_link(connection: sqlite3.Connection, endpoint: str, case_id: int, **values: object) -> None:
    """Set columns of a case's request."""
    names = ", ".join(f"{name} = ?" for name in values)
    connection.execute(
        f"UPDATE open311_requests SET {names} WHERE endpoint = ? AND case_id = ?",  # noqa: S608 - our own names
        (*values.values(), endpoint, case_id),
    )


def note_refusal(connection: sqlite3.Connection, endpoint: str, case_id: int, step: int) -> int:
    """Note that a step was answered with 400; give how often it was by now."""
    (refusals,) = connection.execute(
        "UPDATE open311_requests SET refusals = iif(refused_step = ?1, refusals, 0) + 1, refused_step = ?1"
        " WHERE endpoint = ?2 AND case_id = ?3 RETURNING refusals",
        (step, endpoint, case_id),
    ).fetchone()
    return int(refusals)


def to_poll(connection: sqlite3.Connection, endpoint: str, before_s: float, limit: int) -> list[Link]:
    """Give requests that were not polled since an instant [s], those not polled for longest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM open311_requests WHERE endpoint = ? AND stage = 'known' AND polled_at_s <= ?"  # noqa: S608 - literals
        " ORDER BY polled_at_s LIMIT ?",
        (endpoint, before_s, limit),
    )
    return [_link(row) for row in rows]


def has_links(connection: sqlite3.Connection) -> bool:
    """Say whether there are tables."""
    sql = "SELECT 1 FROM sqlite_schema WHERE name = 'open311_requests'"
    return connection.execute(sql).fetchone() is not None


def stages(connection: sqlite3.Connection) -> dict[tuple[str, Stage], int]:
    """Count requests by endpoint and stage; empty where there never was an endpoint."""
    if not has_links(connection):
        return {}
    sql = "SELECT endpoint, stage, count(*) FROM open311_requests GROUP BY endpoint, stage"
    return {(endpoint, Stage(stage)): n for endpoint, stage, n in connection.execute(sql)}


def requests_of(connection: sqlite3.Connection, number: str) -> list[dict[str, str]]:
    """Give what outside systems call a case, by endpoint."""
    if not has_links(connection):
        return []
    rows = connection.execute(
        "SELECT endpoint, stage, request_id, open311_requests.status FROM open311_requests"
        " JOIN cases ON cases.id = case_id WHERE number = ? ORDER BY endpoint",
        (number,),
    )
    return [dict(zip(("endpoint", "stage", "request", "status"), row, strict=True)) for row in rows]


def note_seen(connection: sqlite3.Connection, endpoint: str, update_id: str, now_s: float) -> bool:
    """Note an update as seen; say whether it is new."""
    done = connection.execute(
        "INSERT OR IGNORE INTO open311_updates VALUES (?, ?, ?)", (endpoint, update_id, now_s)
    )
    return done.rowcount == 1


def forget_seen(connection: sqlite3.Connection, endpoint: str, before_s: float) -> None:
    """Forget updates that no question will give again."""
    connection.execute(
        "DELETE FROM open311_updates WHERE endpoint = ? AND seen_at_s < ?", (endpoint, before_s)
    )


def cursor_of(connection: sqlite3.Connection, endpoint: str) -> float | None:
    """Give up to when [s] updates were read; None if they never were."""
    row = connection.execute("SELECT until_s FROM open311_cursors WHERE endpoint = ?", (endpoint,)).fetchone()
    return None if row is None else float(row[0])


def set_cursor(connection: sqlite3.Connection, endpoint: str, until_s: float) -> None:
    """Note up to when updates were read."""
    connection.execute("INSERT OR REPLACE INTO open311_cursors VALUES (?, ?)", (endpoint, until_s))


def _link(row: Sequence[object]) -> Link:
    values = dict(zip(Link.__dataclass_fields__, row, strict=True))
    values["stage"] = Stage(str(values["stage"]))
    return Link(**values)  # type: ignore[arg-type]  # the columns stand in the order of the fields
