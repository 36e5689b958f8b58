"""What people report: a case of theirs, or one more voice on the case that there is.

Rule 1: a report has a key of whoever brings it; the same key is the same report, however often it comes.
Rule 2: a report that cannot be stores nothing; what is wrong is said in one line.
Rule 3: who reports is kept apart from what is reported: neither evidence nor history holds it.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from math import isfinite

from narrowgate_cases.causes import latest_of
from narrowgate_cases.lifecycle import OPEN_STATES, State, Step
from narrowgate_cases.placing import NOWHERE, Place
from narrowgate_cases.practice import HOUR_US, Practice
from narrowgate_cases.steps import Taken, take
from narrowgate_cases.texts import clean_line, clean_text
from narrowgate_cases.versions import Standing, cause_of
from narrowgate_schema.words import Family, Severity

MOST_WORDS = 4000
MOST_NAME = 200
SAME_WITHIN_US = 24 * HOUR_US
"""How long the same words of the same bringer are the same report, where it gives no key of its own."""


class ReportRefused(ValueError):
    """A report that is not taken; the text says why."""


@dataclass(frozen=True)
class Report:
    """What somebody reports."""

    key: str
    """Names the report for whoever brings it."""
    service: str
    family: Family
    words: str
    device: str = ""
    asset: str | None = None
    lat: float | None = None
    """[deg]"""
    lon: float | None = None
    """[deg]"""
    severity: Severity = Severity.MINOR
    details: Mapping[str, object] = field(default_factory=dict)
    """What else is told of the matter, as JSON takes it: an address, answers to questions."""
    person: Mapping[str, str] = field(default_factory=dict)
    """Who reports it: kept apart, and shown to nobody who may not see it."""


def report(connection: sqlite3.Connection, told: Report, actor: str, at_us: int, practice: Practice) -> str:
    """Take a report; give the number of the case that tells of it.

    A report on an asset or a device that has an open case of that service joins it.

    Args:
        connection: the state database, in the caller's transaction.
        told: what is reported.
        actor: who brings it, as the history calls them.
        at_us: now [us].
        practice: how the desk works.

    Raises:
        ReportRefused: something of it cannot be.
    """
    finding = name_of(actor, told.key)
    known = connection.execute(
        "SELECT number FROM cases JOIN case_findings ON case_id = id WHERE case_findings.finding = ?",
        (finding,),
    ).fetchone()
    if known is not None:
        return str(known[0])
    words = _checked(told)
    evidence = json.dumps({"report": words, **told.details}, ensure_ascii=False)
    about = told.asset or told.device
    cause = cause_of(told.service, about or finding)
    latest = latest_of(connection, cause)
    if latest is not None and latest.state in OPEN_STATES:
        case_id, taken = latest.id, Taken(Step.JOINED, actor, "reported again", evidence)
    else:
        case_id = _open(connection, told, finding, cause, evidence, at_us, practice)
        limit = practice.limit(told.service, told.severity)
        taken = Taken(Step.REPORTED, actor, words[:200], evidence, limit=limit)
    take(connection, case_id, taken, at_us, practice)
    # Nobody but people says when it is over: it holds no case open that devices or people close.
    connection.execute("INSERT INTO case_findings VALUES (?, ?, 1, ?)", (finding, case_id, Standing.CLEARED))
    _keep(connection, told, finding, case_id, actor, at_us, words)
    (number,) = connection.execute("SELECT number FROM cases WHERE id = ?", (case_id,)).fetchone()
    return str(number)


def name_of(actor: str, key: str) -> str:
    """Give the name that the desk has for a report: of who brings it and its key."""
    return f"report-{blake2b(json.dumps([actor, key]).encode(), digest_size=8).hexdigest()}"


def key_of(connection: sqlite3.Connection, actor: str, content: str, at_us: int) -> str:
    """Give the key of a report that has none of its own: the same as of the same content not long ago.

    What is sent again after a time-out is the same report; the same words about what was closed are news.

    Args:
        connection: reads the desk's tables.
        actor: who brings it.
        content: all that is told, as text.
        at_us: now [us].
    """
    digest = blake2b(content.encode(), digest_size=16).hexdigest()
    known = connection.execute(
        "SELECT key FROM case_reports JOIN cases ON id = case_id WHERE actor = ? AND key >= ? AND key < ?"
        " AND told_at > ? AND closed_at IS NULL ORDER BY told_at DESC LIMIT 1",
        (actor, f"{digest}.", f"{digest}/", at_us - SAME_WITHIN_US),
    ).fetchone()
    return f"{digest}.{at_us}" if known is None else str(known[0])


def forget_reporters(connection: sqlite3.Connection, before_us: int) -> int:
    """Forget who reported before an instant [us], in the caller's transaction; give how many."""
    return connection.execute("DELETE FROM reporters WHERE told_at < ?", (before_us,)).rowcount


def _keep(
    connection: sqlite3.Connection,
    told: Report,
    finding: str,
    case_id: int,
    actor: str,
    at_us: int,
    words: str,
) -> None:
    """Keep a report's words with its case, and who told it apart."""
    details = json.dumps(dict(told.details), ensure_ascii=False)
    connection.execute(
        "INSERT INTO case_reports VALUES (?, ?, ?, ?, ?, ?, ?)",
        (finding, case_id, actor, told.key, at_us, words, details),
    )
    if told.person:
        person = json.dumps(dict(told.person), ensure_ascii=False)
        connection.execute("INSERT INTO reporters VALUES (?, ?, ?)", (finding, at_us, person))


def _checked(told: Report) -> str:
    """Give the words of a report that can be."""
    try:
        words = clean_text(told.words, MOST_WORDS, "a description")
        for name in ("key", "service", "device", "asset"):
            value = getattr(told, name) or ""
            if clean_line(value, MOST_NAME, name) != value:
                raise ReportRefused(f"{name} is one line without blanks around it")
    except ValueError as error:
        raise ReportRefused(str(error)) from None
    if not told.service or not told.key:
        raise ReportRefused("a report has a service and a key")
    if (told.lat is None) != (told.lon is None):
        raise ReportRefused("a place has a latitude and a longitude")
    for name, value, most in (("lat", told.lat, 90.0), ("lon", told.lon, 180.0)):
        if value is not None and not (isfinite(value) and -most <= value <= most):
            raise ReportRefused(f"{name} is from {-most:g} to {most:g} [deg], not {value}")
    return words


def _place(told: Report, at_us: int, practice: Practice) -> Place:
    """Give where a report lies: where the registry has its asset, else where whoever reports says."""
    if practice.placing is None:
        return NOWHERE if told.lat is None else Place(lat=told.lat, lon=told.lon)
    known = practice.placing.place(told.service, told.device, [], at_us)
    if told.lat is None or told.lon is None or (told.device and known.lat is not None):
        return known
    return replace(practice.placing.point(told.service, told.lat, told.lon, at_us), tenant=known.tenant)


def _open(
    connection: sqlite3.Connection,
    told: Report,
    finding: str,
    cause: str,
    evidence: str,
    at_us: int,
    practice: Practice,
) -> int:
    place = _place(told, at_us, practice)
    (case_id,) = connection.execute(
        "INSERT INTO cases (finding, version, service, severity, family, device, series, asset, members,"
        " state, raised_at, opened_at, evidence, cause, unit, cell, district, placed_by, lat, lon, street,"
        " road_class, tenant)"
        " VALUES (?, 1, ?, ?, ?, ?, '', ?, '[]', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            finding, told.service, told.severity, told.family, told.device, told.asset, State.REPORTED, at_us,
            at_us, evidence, cause, place.unit, place.cell, place.district, place.placed_by, place.lat,
            place.lon, place.street, place.road_class, place.tenant,
        ),
    ).fetchone()  # fmt: skip
    return int(case_id)
