"""Cases of groups and of their members, as the rules tell of them."""

import json
import sqlite3
from typing import Any

from findings_rows import batch, cleared, raised
from narrowgate_cases import apply


def _states(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT finding, state FROM cases ORDER BY id").fetchall())


def _group(version: int = 1, **values: Any) -> dict[str, object]:
    members = {"members": ["lamp-1", "lamp-2", "lamp-3"], "rule": "feeder_out"}
    return raised("g1", version, **{"device": "F1", "asset": None, **members, **values})


def _inhibited(finding: str = "f1") -> dict[str, object]:
    return raised(finding, state="inhibited", evidence=json.dumps({"inhibited_by": "g1"}))


def test_a_group_opens_one_case(connection: sqlite3.Connection) -> None:
    """A group's finding opens one case, however many members join it."""
    apply(connection, batch(_group(members=["lamp-1"]), _group(2), _group(3)), 7)

    assert connection.execute("SELECT service, members FROM cases").fetchall() == [
        ("feeder_out", '["lamp-1", "lamp-2", "lamp-3"]')
    ]


def test_a_members_case_joins_the_groups(connection: sqlite3.Connection) -> None:
    """The open case of a member is merged when the group's finding explains it."""
    apply(connection, batch(raised()), 7)
    apply(connection, batch(_group(), _inhibited()), 8)

    assert _states(connection) == {"f1": "merged", "g1": "reported"}


def test_a_member_that_was_never_told_opens_nothing(connection: sqlite3.Connection) -> None:
    """An inhibited finding opens no case."""
    apply(connection, batch(_group(), _inhibited()), 8)

    assert _states(connection) == {"g1": "reported"}


def test_a_member_that_stands_is_reported_again(connection: sqlite3.Connection) -> None:
    """When the group is over and a member still fails, its case is opened again."""
    apply(connection, batch(raised()), 7)
    apply(connection, batch(_group(), _inhibited()), 8)
    apply(connection, batch(cleared("g1", 2, rule="feeder_out", device="F1", asset=None), raised()), 9)

    assert _states(connection) == {"f1": "reported", "g1": "closed"}


def test_a_member_that_recovered_stays_merged(connection: sqlite3.Connection) -> None:
    """A member that recovers while the group stands changes nothing at the desk."""
    apply(connection, batch(raised()), 7)
    apply(connection, batch(_group(), _inhibited(), cleared()), 8)

    assert _states(connection) == {"f1": "merged", "g1": "reported"}


def test_what_is_latched_stays_open(connection: sqlite3.Connection) -> None:
    """A finding whose cause is over but that an operator must clear keeps its case open."""
    apply(connection, batch(raised(), raised(version=2, state="latched")), 7)

    assert _states(connection) == {"f1": "reported"}
