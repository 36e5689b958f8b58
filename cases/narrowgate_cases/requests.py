"""What the outside asks of the desk: cases as requests for service, and what was done about them since.

Rule 1: nothing here reads who reported, unless `reports_of` is asked for people.
"""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from narrowgate_cases.lifecycle import State, Step
from narrowgate_cases.queries import COLUMNS, Case, case_of

MOST_REQUESTS = 1000
MOST_LOOKED_UP = 20_000
"""Cases of the services that are asked for whose steps are looked up, instead of all steps walked through."""


@dataclass(frozen=True)
class Wanted:
    """Which requests are asked for; None is any."""

    services: Collection[str]
    """Of these alone, whatever else is asked."""
    numbers: Sequence[str] | None = None
    is_open: bool | None = None
    since_us: int | None = None
    """Opened then or later [us]."""
    until_us: int | None = None
    """Opened then or before [us]."""
    limit: int = MOST_REQUESTS
    offset: int = 0


@dataclass(frozen=True)
class Request:
    """A case as a request for service."""

    case: Case
    updated_at_us: int
    words: str
    """What the first who reported it said; '' where a device told."""
    details: Mapping[str, object]
    """What else was told with it."""


@dataclass(frozen=True)
class Update:
    """One step of a case, as the outside is told of it."""

    id: int
    number: str
    at_us: int
    step: Step
    state: State
    actor: str
    reason: str


@dataclass(frozen=True)
class Told:
    """One report of a case."""

    told_at_us: int
    actor: str
    words: str
    details: Mapping[str, object]
    person: Mapping[str, str] | None
    """Who told it; None where that is not asked, not known or forgotten."""


_SERVICES = "service IN (SELECT value FROM json_each(?))"
_BY_SERVICE = f"(SELECT id, number FROM cases WHERE {_SERVICES}) AS cases CROSS JOIN case_steps AS taken"  # noqa: S608
_BY_TIME = f"case_steps AS taken CROSS JOIN (SELECT id, number FROM cases WHERE +{_SERVICES}) AS cases"  # noqa: S608
"""Steps of few cases are found by their cases; of many, most steps that are walked by time are of them."""
_LAST_STEP = "(SELECT at_us FROM case_steps WHERE case_id = cases.id ORDER BY id DESC LIMIT 1)"
_FIRST = "(SELECT {} FROM case_reports WHERE case_id = cases.id ORDER BY told_at, rowid LIMIT 1)"


def requests(connection: sqlite3.Connection, wanted: Wanted) -> list[Request]:
    """Give requests, the latest opened first.

    Args:
        connection: reads the desk's tables.
        wanted: which.

    Raises:
        ValueError: a limit that is none, or a negative offset.
    """
    if not 0 < wanted.limit <= MOST_REQUESTS or wanted.offset < 0:
        raise ValueError(f"a page has 1 to {MOST_REQUESTS} requests, from 0 on")
    # The plus: requests are walked by their opening, whatever else knows services.
    where = ["+service IN (SELECT value FROM json_each(:services))"]
    values: dict[str, object] = {
        "services": json.dumps(sorted(wanted.services)), "limit": wanted.limit, "offset": wanted.offset,
        "since": wanted.since_us, "until": wanted.until_us,
    }  # fmt: skip
    if wanted.numbers is not None:
        where.append("number IN (SELECT value FROM json_each(:numbers))")
        values["numbers"] = json.dumps(list(wanted.numbers))
    if wanted.is_open is not None:
        where.append(f"closed_at IS {'' if wanted.is_open else 'NOT '}NULL")
    if wanted.since_us is not None:
        where.append("opened_at >= :since")
    if wanted.until_us is not None:
        where.append("opened_at <= :until")
    rows = connection.execute(
        f"SELECT {COLUMNS}, {_LAST_STEP}, {_FIRST.format('words')}, {_FIRST.format('details')}"  # noqa: S608
        # What is passed over is told by an index alone.
        f" FROM cases WHERE id IN (SELECT id FROM cases WHERE {' AND '.join(where)}"
        " ORDER BY opened_at DESC, id DESC LIMIT :limit OFFSET :offset)"
        " ORDER BY opened_at DESC, id DESC",
        values,
    )
    return [
        Request(
            case := case_of(row[:-3]),
            row[-3] or case.opened_at_us,
            row[-2] or "",
            json.loads(row[-1] or "{}"),
        )
        for row in rows
    ]


def updates(
    connection: sqlite3.Connection,
    services: Collection[str],
    since_us: int,
    until_us: int,
    limit: int,
    offset: int = 0,
) -> list[Update]:
    """Give the steps between two instants [us], both included, the oldest first.

    Args:
        connection: reads the desk's tables.
        services: of cases of these alone.
        since_us: from when on.
        until_us: until when.
        limit: how many at most.
        offset: how many of the oldest to pass over.
    """
    named = json.dumps(sorted(services))
    [(cases,)] = connection.execute(
        "SELECT coalesce(sum(n), 0) FROM case_counts WHERE service IN (SELECT value FROM json_each(?))",
        (named,),
    )
    rows = connection.execute(
        "SELECT taken.id, number, taken.at_us, taken.step, taken.state, taken.actor, taken.reason"  # noqa: S608
        f" FROM {_BY_SERVICE if cases <= MOST_LOOKED_UP else _BY_TIME}"
        " WHERE taken.case_id = cases.id AND taken.at_us BETWEEN ? AND ?"
        " ORDER BY taken.at_us, taken.id LIMIT ? OFFSET ?",
        (named, since_us, until_us, limit, offset),
    )
    return [
        Update(id, number, at_us, Step(step), State(state or State.REPORTED), actor, reason)
        for id, number, at_us, step, state, actor, reason in rows
    ]


def request_of_report(connection: sqlite3.Connection, finding: str) -> str | None:
    """Give the number of the case that tells of a report; None if there is none."""
    row = connection.execute(
        "SELECT number FROM case_reports JOIN cases ON id = case_id WHERE case_reports.finding = ?",
        (finding,),
    ).fetchone()
    return None if row is None else str(row[0])


def reports_of(connection: sqlite3.Connection, number: str, *, with_people: bool, limit: int) -> list[Told]:
    """Give the reports of a case, the oldest first.

    Args:
        connection: reads the desk's tables.
        number: the case's.
        with_people: whether who told is given too.
        limit: how many at most.
    """
    person = "(SELECT person FROM reporters WHERE finding = told.finding)" if with_people else "NULL"
    rows = connection.execute(
        f"SELECT told_at, actor, words, details, {person} FROM case_reports AS told"  # noqa: S608 - literals
        " JOIN cases ON id = case_id WHERE number = ? ORDER BY told_at, told.rowid LIMIT ?",
        (number, limit),
    )
    return [
        Told(at, actor, words, json.loads(details), None if who is None else json.loads(who))
        for at, actor, words, details, who in rows
    ]
