import sqlite3

import pytest

from findings_rows import batch, cleared, raised, retracted
from narrowgate_cases import State, apply, case, counts, open_cases


def test_the_newest_case_stands_first(connection: sqlite3.Connection) -> None:
    """The queue shows what was reported last at its top."""
    apply(connection, batch(raised("f1"), raised("f2"), raised("f3"), cleared("f2")), 7)

    assert [found.number for found in open_cases(connection, 10)] == ["C-000003", "C-000001"]


def test_a_page_of_the_queue_is_cut_by_limit_and_offset(connection: sqlite3.Connection) -> None:
    """Limit and offset cut one page out of the queue."""
    apply(connection, batch(*(raised(f"f{i}") for i in range(5))), 7)

    assert [found.number for found in open_cases(connection, 2, 1)] == ["C-000004", "C-000003"]


@pytest.mark.parametrize(("limit", "offset"), [(-1, 0), (1, -1)])
def test_a_negative_page_is_refused(connection: sqlite3.Connection, limit: int, offset: int) -> None:
    """A negative limit does not mean everything: it is refused."""
    with pytest.raises(ValueError, match="0 or more"):
        open_cases(connection, limit, offset)


def test_counts_name_every_state(connection: sqlite3.Connection) -> None:
    """The counts hold every state, those without a case included."""
    apply(connection, batch(raised("f1"), raised("f2"), cleared("f2"), raised("f3", rule="overstay")), 7)
    found = counts(connection)

    assert found.by_state == {**dict.fromkeys(State, 0), State.REPORTED: 2, State.CLOSED: 1}
    assert found.open_by_service == {"lamp_out": 1, "overstay": 1}


def test_a_case_comes_with_its_steps_in_order(connection: sqlite3.Connection) -> None:
    """One case is shown with what was done to it, the oldest first."""
    apply(connection, batch(raised(), retracted(members=["lamp-1", "lamp-2"])), 7)
    found = case(connection, "C-000001")

    assert found is not None
    assert (found[0].members, [s.step for s in found[1]]) == (("lamp-1", "lamp-2"), ["reported", "void"])


@pytest.mark.parametrize("number", ["C-000002", "", "1", "C-1' OR '1'='1"])
def test_an_unknown_number_is_no_case(connection: sqlite3.Connection, number: str) -> None:
    """A number that was never given out finds nothing."""
    apply(connection, batch(raised()), 7)

    assert case(connection, number) is None


def test_numbers_beyond_a_million_stay_whole(connection: sqlite3.Connection) -> None:
    """A number that outgrows its six digits grows, and is not cut."""
    apply(connection, batch(raised()), 7)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("UPDATE cases SET id = 1234566")
    apply(connection, batch(raised("f2")), 8)

    assert open_cases(connection, 1)[0].number == "C-1234567"
