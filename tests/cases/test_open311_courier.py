"""The Open311 client against a conforming server that does all that the standard lets it, in JSON and XML."""

import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from findings_rows import batch, cleared, raised
from georeport_city import City, server_of
from narrowgate_cases import DEFAULT_PRACTICE, Wants, apply, case, dead_letters, install_outbox, outbox_counts
from narrowgate_cases.http_exchange import Site
from narrowgate_cases.lifecycle import Step
from narrowgate_cases.open311_client import Format, Georeport
from narrowgate_cases.open311_courier import Manners, Open311Courier
from narrowgate_cases.open311_forms import Form
from narrowgate_cases.open311_links import Stage, link_of
from narrowgate_cases.open311_polling import Polling
from narrowgate_cases.outbox_acts import held
from narrowgate_cases.sending import Patience, Sender
from narrowgate_cases.work import Asked, take_step

NAME = "city"
KEY = "key-of-the-city"
FORM = Form({"lamp_out": "LAMP", "leak": "WATER"}, {"LAMP": {"POLE": "{asset}", "HOW": "dark"}})


class Stand:
    """A desk, its one endpoint and the city behind it; time passes as told."""

    def __init__(self, desk: sqlite3.Connection, state: Path, city: City, url: str, form: Format) -> None:
        self.desk, self.city, self.url, self.form = desk, city, url, form
        self.state = state
        self.at_s = datetime.now(UTC).timestamp() + 10.0
        self.manners = Manners()
        self.life = self.begun()

    def begun(self, **more: object) -> Sender:
        """Begin a life of the sender, as after a restart."""
        server = Georeport(Site(self.url, timeout_s=0.4), KEY, form=self.form)
        polling = Polling(
            NAME, server, DEFAULT_PRACTICE, lambda: int(self.at_s * 1e6), every_s=300.0,
            has_updates=self.manners.has_updates,
        )  # fmt: skip
        courier = Open311Courier(NAME, server, FORM, self.manners, began_s=self.at_s, poll=polling)
        patience = Patience(**more)  # type: ignore[arg-type]
        self.life = Sender(self.state, NAME, courier, patience, now_s=lambda: self.at_s, rng=random.Random(1))
        return self.life

    def put(self, *findings: dict[str, object]) -> None:
        """Let the desk follow findings; their letters are of this life."""
        apply(self.desk, batch(*findings), int(self.at_s * 1e6))
        self.desk.execute("UPDATE outbox_letters SET put_at_s = ?", (int(self.at_s) + 1,))

    def send(self, within_s: float = 3600.0) -> None:
        """Send until nothing waits, or so much time has passed."""
        until_s = self.at_s + within_s
        while outbox_counts(self.desk, NAME).pending and self.at_s < until_s:
            self.at_s += max(0.5, self.life.send_next(self.desk))

    def poll(self) -> None:
        """Ask once more what became of requests."""
        self.at_s += 400.0
        self.life.send_next(self.desk)

    def posted(self, path: str = "requests") -> list[dict[str, str]]:
        """Give what was posted, stored or not."""
        return [dict(form) for where, form in self.city.posts if where == path]

    def case(self, number: str = "C-000001") -> tuple[str, list[tuple[str, str, str]]]:
        """Give a case's state and its steps."""
        found = case(self.desk, number)
        assert found is not None
        return found[0].state, [(each.step, each.actor, each.reason) for each in found[1]]


@pytest.fixture
def city() -> City:
    """A city."""
    return City()


@pytest.fixture(params=[Format.JSON, Format.XML])
def stand(
    connection: sqlite3.Connection, state_path: Path, city: City, request: pytest.FixtureRequest
) -> Iterator[Stand]:
    """A desk whose cases go to a city, in either form."""
    install_outbox(connection, [(NAME, Wants())])
    server = server_of(city)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/v2"
        yield Stand(connection, state_path, city, url, request.param)
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_a_case_is_a_request(stand: Stand) -> None:
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
def test_whatever_the_server_does_there_is_one_request(stand: Stand, way: str) -> None:
    """Stored or not, answered or not, by token or as a duplicate: one request, whose id is known here."""
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


def test_a_server_that_may_still_be_storing_is_not_asked_yet(stand: Stand) -> None:
    """After a time-out the request is asked after only when the server has had its time."""
    stand.city.ways = ["stored, no answer"]
    stand.put(raised())
    began_s = stand.at_s
    stand.life.send_next(stand.desk)
    stand.at_s += 5.0
    stand.life.send_next(stand.desk)
    [waits] = held(stand.desk)

    assert stand.city.asked == []
    assert (waits.words, round(waits.due_at_s - began_s)) == ("nobody knows yet whether it was taken", 30)


def test_a_life_that_ended_is_asked_after(stand: Stand) -> None:
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


def test_a_server_that_cannot_be_asked_may_have_it_twice(stand: Stand) -> None:
    """Where nothing can be asked, a request that got no answer is posted again: at least once, as is told."""
    stand.city.lists = False
    stand.manners = Manners(can_be_asked=False)
    stand.begun()
    stand.city.ways = ["stored, 500"]
    stand.put(raised())
    stand.send()

    assert len(stand.city.requests) == 2


def test_a_server_that_should_list_and_does_not_gets_nothing_twice(stand: Stand) -> None:
    """While the question fails nothing is posted again, and the letter is given up in its time."""
    stand.city.lists = False
    stand.city.ways = ["stored, 500"]
    stand.begun(attempts_at_most=4)
    stand.put(raised())
    stand.send(1e6)

    assert len(stand.posted()) == 1
    assert [dead.words for dead in dead_letters(stand.desk)] == ["404 Not Found: requests was not found"]


@pytest.mark.parametrize("page_size", [0, 7])
def test_a_request_is_found_among_many(stand: Stand, page_size: int) -> None:
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


def test_a_letter_that_the_server_will_never_take_is_dead_soon(stand: Stand) -> None:
    """A 400 is tried some times, since it may be the server's own fault; then its words are kept."""
    stand.city.ways = ["400"] * 99
    stand.put(raised())
    stand.send(1e6)

    assert len(stand.posted()) == 5
    assert [dead.words for dead in dead_letters(stand.desk)] == ["400 Bad Request: General service error"]


def test_a_400_after_a_long_outage_is_tried_too(stand: Stand) -> None:
    """Only what was answered with 400 counts: a server that was down and stumbles once loses nothing."""
    stand.city.ways = ["500"] * 20 + ["400"]
    stand.put(raised())
    stand.send(1e6)

    assert (len(stand.city.requests), dead_letters(stand.desk)) == (1, [])


def test_a_question_that_is_refused_gives_no_letter_up(stand: Stand) -> None:
    """While a server refuses to be asked what it has, a letter that it may have waits its whole time."""
    stand.city.ways = ["stored, 500"]
    stand.put(raised())
    stand.life.send_next(stand.desk)
    stand.city.jurisdiction = "nobody's"
    stand.send(1e5)
    stand.city.jurisdiction = ""
    stand.send(1e5)

    assert (len(stand.posted()), dead_letters(stand.desk)) == (1, [])


def test_the_key_is_in_no_words(stand: Stand) -> None:
    """A server that repeats a wrong key in its refusal is quoted without it."""
    stand.city.key = "another"
    stand.put(raised())
    stand.life.send_next(stand.desk)

    assert "Invalid api_key *** received" in stand.life.trouble
    assert KEY not in stand.life.trouble


def test_steps_become_updates_once_each(stand: Stand) -> None:
    """With the extension each further step is told under its name; our own are not taken for the city's."""
    stand.manners = Manners(has_updates=True)
    stand.begun()
    stand.put(raised())
    stand.send()
    stand.city.ways = ["stored, 500", "stored, no answer"]
    stand.put(cleared())
    stand.send()
    stand.poll()
    told = [(form["update_id"], form["status"]) for form in stand.posted("servicerequestupdates")]

    assert told == [("f1-2", "OPEN"), ("f1-3", "OPEN"), ("f1-4", "CLOSED")]
    assert [row["description"] for row in stand.city.updates] == [
        "resolved: recovered\n[ng-f1-2]", "verified: recovered\n[ng-f1-3]", "closed: recovered\n[ng-f1-4]",
    ]  # fmt: skip
    assert len(stand.case()[1]) == 4


def test_what_is_closed_there_is_said_to_be_mended_here(stand: Stand) -> None:
    """A status of theirs is a step of the case by its life cycle, under the city's name, taken once."""
    stand.put(raised())
    stand.send()
    stand.city.requests[0].update(status="closed", status_notes="灯泡已更换")
    stand.poll()
    stand.poll()
    state, steps = stand.case()

    assert (state, steps[1:]) == ("resolved", [("resolved", NAME, "灯泡已更换")])


def test_what_is_open_again_there_is_worked_again_here(stand: Stand) -> None:
    """A request that was closed and is open sends the case back."""
    stand.put(raised())
    stand.send()
    for status in ("closed", "open"):
        stand.city.requests[0].update(status=status)
        stand.poll()
    state, steps = stand.case()

    assert (state, [step for step, _, _ in steps[1:]]) == ("in_progress", ["resolved", "reworked"])


def test_a_note_that_moves_nothing_is_a_remark(stand: Stand) -> None:
    """New words on a request whose status stays are kept in the case's history."""
    stand.put(raised())
    stand.send()
    stand.city.requests[0].update(status_notes="备件在途\x07")
    stand.poll()
    stand.poll()

    assert stand.case() == ("reported", [("reported", "device", "raised"), ("commented", NAME, "备件在途")])


def test_updates_of_theirs_are_steps_and_remarks(stand: Stand) -> None:
    """FixMyStreet's states lead on where the life cycle lets them; each is taken once, and never echoed."""
    stand.manners = Manners(has_updates=True)
    stand.begun()
    stand.put(raised())
    stand.send()
    request_id = stand.city.requests[0]["service_request_id"]
    for status, words in (
        ("investigating", "on it"),
        ("investigating", "still"),
        ("fixed", "done"),
        ("open", ""),
    ):
        stand.city.update(request_id, status, words)
    stand.city.update("999", "closed", "not ours")
    stand.poll()
    stand.poll()
    stand.send()
    state, steps = stand.case()

    assert (state, [(step, reason) for step, _, reason in steps[1:]]) == (
        "in_progress",
        [("accepted", "on it"), ("commented", "still"), ("resolved", "done"), ("reworked", "open there")],
    )
    assert stand.posted("servicerequestupdates") == []


def test_a_case_that_comes_back_is_a_new_request_where_nothing_else_tells(stand: Stand) -> None:
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


def test_a_case_that_is_over_before_it_could_be_told_is_not(stand: Stand) -> None:
    """A request that the city refused while the case was open is not made once the case is closed."""
    stand.city.ways = ["400"] * 5
    stand.put(raised())
    stand.send(1e6)
    stand.put(cleared())
    stand.send()

    assert len(stand.city.requests) == 0


def test_what_people_do_is_told_too(stand: Stand) -> None:
    """A step that somebody takes goes out with their words."""
    stand.manners = Manners(has_updates=True)
    stand.begun()
    stand.put(raised())
    stand.send()
    asked = Asked(Step.COMMENTED, "已联系产权单位")
    take_step(stand.desk, "C-000001", asked, "user:li", int(stand.at_s * 1e6), DEFAULT_PRACTICE)
    stand.send()

    assert stand.city.updates[0]["description"] == "commented: 已联系产权单位\n[ng-f1-2]"


def test_a_server_that_is_down_is_told_in_words(stand: Stand) -> None:
    """What cannot be asked makes trouble in words, and letters go on when it is back."""
    stand.put(raised())
    stand.send()
    stand.city.lists = False
    stand.poll()
    trouble = stand.life.trouble
    stand.city.lists = True
    stand.poll()

    assert trouble.endswith(": 404 Not Found: requests was not found")
    assert stand.life.trouble == ""
