"""What people report: a case of theirs, or one more voice on the case that there is.

Rule 1: a report has a key of whoever brings it; the same key is the same report, however often it comes.
Rule 2: a report that cannot be stores nothing; what is wrong is said in one line.
"""

import json
import sqlite3
from dataclasses import dataclass
from hashlib import blake2b
from math import isfinite

from narrowgate_cases.causes import latest_of
from narrowgate_cases.lifecycle import OPEN_STATES, State, Step
from narrowgate_cases.placing import NOWHERE, Place
from narrowgate_cases.practice import Practice
from narrowgate_cases.steps import Taken, take
from narrowgate_cases.versions import Standing, cause_of
from narrowgate_cases.work import clean_text
from narrowgate_schema.words import Family, Severity

MOST_WORDS = 4000
MOST_NAME = 200


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
    finding = f"report-{blake2b(json.dumps([actor, told.key]).encode(), digest_size=8).hexdigest()}"
    known = connection.execute(
        "SELECT number FROM cases JOIN case_findings ON case_id = id WHERE case_findings.finding = ?",
        (finding,),
    ).fetchone()
    if known is not None:
        return str(known[0])
    words = _checked(told)
    evidence = json.dumps({"report": words}, ensure_ascii=False)
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
    (number,) = connection.execute("SELECT number FROM cases WHERE id = ?", (case_id,)).fetchone()
    return str(number)


def _checked(told: Report) -> str:
    """Give the words of a report that can be."""
    try:
        words = clean_text(told.words, MOST_WORDS, "a description")
        for name in ("key", "service", "device", "asset"):
            value = getattr(told, name) or ""
            if clean_text(value, MOST_NAME, name) != value or "\n" in value or "\t" in value:
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
    if practice.placing is None:
        return NOWHERE if told.lat is None else Place(lat=told.lat, lon=told.lon)
    if told.lat is not None and told.lon is not None:
        return practice.placing.point(told.service, told.lat, told.lon, at_us)
    return practice.placing.place(told.service, told.device, [], at_us)


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
        " road_class)"
        " VALUES (?, 1, ?, ?, ?, ?, '', ?, '[]', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            finding, told.service, told.severity, told.family, told.device, told.asset, State.REPORTED, at_us,
            at_us, evidence, cause, place.unit, place.cell, place.district, place.placed_by, place.lat,
            place.lon, place.street, place.road_class,
        ),
    ).fetchone()  # fmt: skip
    return int(case_id)
