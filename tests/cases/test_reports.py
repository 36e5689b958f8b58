import sqlite3
from typing import Any

import pytest

from findings_rows import batch, cleared, raised
from narrowgate_cases import DEFAULT_PRACTICE, Report, ReportRefused, State, apply, case, report
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
