"""The Open311 client against a conforming server that does all that the standard lets it, in JSON and XML."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from findings_rows import cleared, raised
from georeport_stand import IMPATIENT_S, KEY, NAME, PATIENT_S, CityStand
from narrowgate_cases import dead_letters, outbox_counts
from narrowgate_cases.open311_links import Stage, link_of
from narrowgate_cases.open311_turn import Manners
from narrowgate_cases.outbox_acts import held


def test_a_case_is_a_request(stand: CityStand) -> None:
    """It is posted once, with what is mapped, its mark and the key in the body; its id is kept."""
    stand.put(raised())
    stand.send()
    [request] = stand.city.requests
    [posted] = stand.posted()
    link = link_of(stand.desk, NAME, 1)

    assert link is not None
    assert (link.stage, link.request_id) == (Stage.KNOWN, request["service_request_id"])
    assert posted == {
        "api_key": KEY,
        "service_code": "LAMP",
        "address_string": "column-1",
        "device_id": "lamp-1",
        "description": "lamp_out (minor): column-1 lamp-1\n[ng-f1]",
        "attribute[POLE]": "column-1",
        "attribute[HOW]": "dark",
    }
    assert not any(KEY in asked for asked in stand.city.asked)


@pytest.mark.parametrize(
    "way",
    ["stored, no answer", "stored, 500", "500", "503", "stored, closed", "token", "lost token", "stored, 400",
     "stored, bare 400", "400"],
)  # fmt: skip
def test_whatever_the_server_does_there_is_one_request(stand: CityStand, way: str) -> None:
    """Stored or not, answered or not, by token or as a duplicate: one request, whose id is known here."""
    stand.begun(timeout_s=IMPATIENT_S if way == "stored, no answer" else PATIENT_S)
    stand.city.ways = [way]
    stand.put(raised("f1"), raised("f2"))
    stand.send()
    ids = {row["service_request_id"] for row in stand.city.requests}
    links = [link_of(stand.desk, NAME, n) for n in (1, 2)]

    assert len(stand.city.requests) == 2
    assert {link.request_id for link in links if link is not None} == ids
    assert outbox_counts(stand.desk, NAME).delivered == 2
    if way != "400" and not way.startswith("5"):
        assert len(stand.posted()) == 2


def test_a_server_that_may_still_be_storing_is_not_asked_yet(stand: CityStand) -> None:
    """After a time-out the request is asked after only when the server has had its time."""
    stand.begun(timeout_s=IMPATIENT_S)
    stand.city.ways = ["stored, no answer"]
    stand.put(raised())
    began_s = stand.at_s
    stand.life.send_next(stand.desk)
    stand.at_s += 5.0
    stand.life.send_next(stand.desk)
    [waits] = held(stand.desk)

    assert stand.city.asked == []
    assert (waits.words, round(waits.due_at_s - began_s)) == ("nobody knows yet whether it was taken", 30)


def test_a_life_that_ended_is_asked_after(stand: CityStand) -> None:
    """What an earlier life may have posted is looked for first, behind a restored backup too."""
    stand.put(raised())
    with closing(sqlite3.connect(":memory:")) as backup:
        stand.desk.backup(backup)
        stand.send()
        backup.backup(stand.desk)
    stand.at_s += 3600.0
    stand.begun()
    stand.send()
    link = link_of(stand.desk, NAME, 1)

    assert len(stand.posted()) == 1
    assert link is not None
    assert link.request_id == stand.city.requests[0]["service_request_id"]


def test_a_server_that_cannot_be_asked_may_have_it_twice(stand: CityStand) -> None:
    """Where nothing can be asked, a request that got no answer is posted again: at least once, as is told."""
    stand.city.lists = False
    stand.manners = Manners(can_be_asked=False)
    stand.begun()
    stand.city.ways = ["stored, 500"]
    stand.put(raised())
    stand.send()

    assert len(stand.city.requests) == 2


def test_a_server_that_should_list_and_does_not_gets_nothing_twice(stand: CityStand) -> None:
    """While the question fails nothing is posted again, and the letter is given up in its time."""
    stand.city.lists = False
    stand.city.ways = ["stored, 500"]
    stand.begun(attempts_at_most=4)
    stand.put(raised())
    stand.send(1e6)

    assert len(stand.posted()) == 1
    assert [dead.words for dead in dead_letters(stand.desk)] == ["404 Not Found: requests was not found"]


@pytest.mark.parametrize("page_size", [0, 7])
def test_a_request_is_found_among_many(stand: CityStand, page_size: int) -> None:
    """More than one answer holds are looked through, in pages or in shorter windows of time."""
    stand.city.page_size = page_size
    instants = iter(range(10_000))
    begin_s = stand.at_s - 3600.0
    stand.city.at = lambda: datetime.fromtimestamp(begin_s + next(instants), UTC)
    for _ in range(20 if page_size else 1200):
        stand.city.post("requests", [("api_key", KEY), ("service_code", "WATER"), ("address_id", "1")])
    stand.city.posts.clear()
    stand.city.ways = ["stored, 500"]
    stand.put(raised(rule="leak"))
    stand.send()
    link = link_of(stand.desk, NAME, 1)

    assert len(stand.posted()) == 1
    assert link is not None
    assert link.request_id == stand.city.requests[-1]["service_request_id"]


def test_a_letter_that_the_server_will_never_take_is_dead_soon(stand: CityStand) -> None:
    """A 400 is tried some times, since it may be the server's own fault; then its words are kept."""
    stand.city.ways = ["400"] * 99
    stand.put(raised())
    stand.send(1e6)

    assert len(stand.posted()) == 5
    assert [dead.words for dead in dead_letters(stand.desk)] == ["400 Bad Request: General service error"]


def test_a_400_after_a_long_outage_is_tried_too(stand: CityStand) -> None:
    """Only what was answered with 400 counts: a server that was down and stumbles once loses nothing."""
    stand.city.ways = ["500"] * 8 + ["400"]
    stand.put(raised())
    stand.send(1e6)

    assert (len(stand.city.requests), dead_letters(stand.desk)) == (1, [])


def test_a_question_that_is_refused_gives_no_letter_up(stand: CityStand) -> None:
    """While a server refuses to be asked what it has, a letter that it may have waits its whole time."""
    stand.city.ways = ["stored, 500"]
    stand.put(raised())
    stand.life.send_next(stand.desk)
    stand.city.jurisdiction = "nobody's"
    stand.send(600.0)
    stand.city.jurisdiction = ""
    stand.send()

    assert (len(stand.posted()), dead_letters(stand.desk)) == (1, [])


def test_the_key_is_in_no_words(stand: CityStand) -> None:
    """A server that repeats a wrong key in its refusal is quoted without it."""
    stand.city.key = "another"
    stand.put(raised())
    stand.life.send_next(stand.desk)

    assert "Invalid api_key *** received" in stand.life.trouble
    assert KEY not in stand.life.trouble


def test_a_case_that_comes_back_is_a_new_request_where_nothing_else_tells(stand: CityStand) -> None:
    """Without updates a closed request stays closed: what is dark again is posted anew, once."""
    stand.put(raised())
    stand.send()
    stand.city.requests[0].update(status="closed")
    stand.poll()
    stand.put(cleared())
    stand.put(raised(version=3))
    stand.city.ways = ["stored, 500"]
    stand.send()

    marks = [row["description"].rpartition("\n")[2] for row in stand.city.requests]
    assert marks == ["[ng-f1]", "[ng-f1.1]"]


def test_a_case_that_is_over_before_it_could_be_told_is_not(stand: CityStand) -> None:
    """A request that the city refused while the case was open is not made once the case is closed."""
    stand.city.ways = ["400"] * 5
    stand.put(raised())
    stand.send(1e6)
    stand.put(cleared())
    stand.send()

    assert len(stand.city.requests) == 0
