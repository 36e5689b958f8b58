import sqlite3
from typing import Any

import pytest

from findings_rows import batch, cleared, raised
from narrowgate_cases import (
    DEFAULT_PRACTICE,
    Report,
    ReportRefused,
    State,
    apply,
    case,
    keep_time,
    report,
)
from narrowgate_cases.reports import SAME_WITHIN_US, key_of
from narrowgate_cases.requests import reports_of
from narrowgate_schema.words import Family

HOSTILE = "<img src=x onerror=alert(1)>'; DROP TABLE cases; --"


def _report(connection: sqlite3.Connection, key: str = "k1", **changes: Any) -> str:
    told: dict[str, Any] = {"service": "lamp_out", "family": Family.LIGHTING, "words": "dark", **changes}
    return report(connection, Report(key, **told), "token:app", 9, DEFAULT_PRACTICE)


def _steps(connection: sqlite3.Connection, number: str) -> list[str]:
    found = case(connection, number)
    return [] if found is None else [step.step for step in found[1]]


def test_a_report_is_a_case(connection: sqlite3.Connection) -> None:
    """What somebody reports waits at the desk like what a device told, with its words and place."""
    number = _report(connection, words=HOSTILE, lat=31.2, lon=121.4)
    found = case(connection, number)

    assert found is not None
    assert (found[0].state, found[0].lat, found[1][0].actor) == (State.REPORTED, 31.2, "token:app")
    assert HOSTILE in found[0].evidence


def test_the_same_report_again_is_the_same_case(connection: sqlite3.Connection) -> None:
    """A report that comes again, as after a time-out, changes nothing."""
    first = _report(connection, asset="column-1")
    before = list(connection.iterdump())

    assert _report(connection, asset="column-1") == first
    assert list(connection.iterdump()) == before


def test_reports_and_the_device_are_one_case(connection: sqlite3.Connection) -> None:
    """Whoever tells of the same asset and service tells of one case; the device's recovery ends it."""
    number = _report(connection, asset="column-1")
    apply(connection, batch(raised("f1")), 10)
    assert _report(connection, "k2", asset="column-1") == number
    apply(connection, batch(cleared("f1")), 11)

    assert _steps(connection, number) == ["reported", "joined", "joined", "resolved", "verified", "closed"]


def test_who_reported_is_kept_apart_and_forgotten(connection: sqlite3.Connection) -> None:
    """Neither evidence nor history names who reports; after a while nobody knows it any more."""
    number = _report(connection, asset="column-1", details={"address": "12"}, person={"phone": "138"})
    before = reports_of(connection, number, with_people=True, limit=9)
    without = reports_of(connection, number, with_people=False, limit=9)
    told = [
        *connection.execute("SELECT evidence FROM cases"),
        *connection.execute("SELECT * FROM case_steps"),
    ]
    keep_time(connection, 9 + DEFAULT_PRACTICE.people_kept_us)
    kept = reports_of(connection, number, with_people=True, limit=9)
    keep_time(connection, 10 + DEFAULT_PRACTICE.people_kept_us)
    after = reports_of(connection, number, with_people=True, limit=9)

    assert [each.person for each in (*before, *without, *kept, *after)] == [
        {"phone": "138"},
        None,
        {"phone": "138"},
        None,
    ]
    assert "138" not in str(told)
    assert after[0].words == "dark"


def test_what_is_sent_again_has_its_key(connection: sqlite3.Connection) -> None:
    """The same content of the same bringer has the same key within a day, while its case is open."""
    first = key_of(connection, "token:app", "dark", 9)
    number = _report(connection, first)
    again = key_of(connection, "token:app", "dark", 10)
    others = {
        key_of(connection, "token:other", "dark", 10), key_of(connection, "token:app", "leaks", 10),
        key_of(connection, "token:app", "dark", 10 + SAME_WITHIN_US),
    }  # fmt: skip
    connection.execute("UPDATE cases SET closed_at = 11 WHERE number = ?", (number,))

    assert again == first
    assert first not in others | {key_of(connection, "token:app", "dark", 12)}


def test_reports_of_nothing_known_stay_apart(connection: sqlite3.Connection) -> None:
    """Two reports that name neither asset nor device are two cases."""
    assert _report(connection, "k1") != _report(connection, "k2")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lat": 91.0, "lon": 0.0}, "lat is from -90 to 90"),
        ({"lat": float("nan"), "lon": 0.0}, "lat is from"),
        ({"lat": 0.0, "lon": float("inf")}, "lon is from -180 to 180"),
        ({"lat": 1.0}, "a latitude and a longitude"),
        ({"words": "x" * 4001}, "a description has at most 4000"),
        ({"words": "a\x1bb"}, "U\\+001B"),
        ({"words": "a\udcffb"}, "U\\+DCFF"),
        ({"asset": "a\nb"}, "asset is one line"),
        ({"service": ""}, "a service and a key"),
    ],
)
def test_a_report_that_cannot_be_stores_nothing(
    connection: sqlite3.Connection, changes: dict[str, Any], words: str
) -> None:
    """Impossible places, texts without end and what is no letter are refused in one line."""
    before = list(connection.iterdump())
    with pytest.raises(ReportRefused, match=words):
        _report(connection, **changes)

    assert list(connection.iterdump()) == before
