"""Many endpoints of one outbox: each is told what it wants, at its own pace; operators see what is stuck."""

import random
import sqlite3
from pathlib import Path

import pytest

from findings_rows import batch, cleared, raised
from narrowgate_cases import (
    Practice,
    Report,
    Step,
    Wants,
    apply,
    dead_letters,
    install,
    install_outbox,
    outbox_counts,
    report,
)
from narrowgate_cases.couriers import DELIVERED, Answer, Outcome
from narrowgate_cases.outbox import Letter, OutboxCounts, next_letter, note_dead, waiting_letters
from narrowgate_cases.outbox_acts import NoSuchLetter, drop, held, retry
from narrowgate_cases.placing import Place
from narrowgate_cases.sending import Patience, Sender
from narrowgate_cases.settling import settle
from narrowgate_cases.work import Asked, take_step
from narrowgate_schema.words import Family

FORMAT_1 = """
CREATE TABLE outbox (
    step INTEGER PRIMARY KEY, case_id INTEGER NOT NULL, delivery TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    put_at_s INTEGER NOT NULL, due_at_s REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    words TEXT NOT NULL DEFAULT '', died_at_s REAL
) STRICT;
CREATE TABLE outbox_totals (name TEXT PRIMARY KEY, steps INTEGER NOT NULL) STRICT;
CREATE TRIGGER outbox_follows_case_steps AFTER INSERT ON case_steps BEGIN
    INSERT INTO outbox (step, case_id, delivery, body, put_at_s)
        VALUES (NEW.id, NEW.case_id, NEW.id, '{}', 5);
END;
INSERT INTO outbox VALUES (90, 1, 'f1-1', '{"case": "C-000001"}', 4, 9.5, 3, '500', NULL),
    (91, 2, 'f2-1', '{}', 4, 0.0, 100, '410 Gone', 8.0);
INSERT INTO outbox_totals VALUES ('delivered', 7), ('forgotten', 1);
"""


class Somewhere:
    """Places every case in one cell of one tenant and unit."""

    def place(
        self, service: str, device: str, names: list[str], at_us: int, now_us: int | None = None
    ) -> Place:
        """Give the one place."""
        return Place(cell="110101001001001", unit="路灯一队", tenant="east")

    def point(self, service: str, lat: float, lon: float, at_us: int) -> Place:
        """Give the one place."""
        return self.place(service, "", [], at_us)


class Scripted:
    """A courier that answers as it is told and keeps what it was given."""

    def __init__(self, *answers: Answer) -> None:
        """Answer DELIVERED once the answers are used up."""
        self.answers = list(answers)
        self.seen: list[str] = []
        self.attended: list[float] = []
        self.name = "scripted"

    def deliver(self, connection: sqlite3.Connection, letter: Letter, now_s: float) -> Answer:
        """Keep a letter's name."""
        self.seen.append(letter.delivery)
        return self.answers.pop(0) if self.answers else DELIVERED

    def attend(self, connection: sqlite3.Connection, now_s: float) -> float:
        """Come every minute."""
        self.attended.append(now_s)
        return 60.0


def _sender(state: Path, endpoint: str, courier: Scripted, at_s: list[float], **limits: float) -> Sender:
    patience = Patience(**limits)  # type: ignore[arg-type]
    return Sender(state, endpoint, courier, patience, now_s=lambda: at_s[0], rng=random.Random(1))


@pytest.mark.parametrize(
    ("wants", "is_told"),
    [
        (Wants(), True),
        (Wants(services=("leak", "lamp_out")), True),
        (Wants(services=("leak",)), False),
        (Wants(tenants=("east",)), True),
        (Wants(tenants=("west",)), False),
        (Wants(units=("路灯一队",)), True),
        (Wants(units=("路灯二队",)), False),
        (Wants(places=("110102", "110101001")), True),
        (Wants(places=("110102",)), False),
        (Wants(services=("lamp_out",), tenants=("west",)), False),
    ],
)
def test_an_endpoint_is_told_what_it_wants(
    connection: sqlite3.Connection, wants: Wants, is_told: bool
) -> None:
    """Services, tenants, units and places choose cases out; all that are named must fit."""
    install_outbox(connection, [("a", wants)])
    apply(connection, batch(raised()), 7, Practice(placing=Somewhere()))

    assert outbox_counts(connection, "a").pending == int(is_told)
    assert connection.execute("SELECT count(*) FROM outbox_letters").fetchone() == (int(is_told),)


def test_an_endpoint_is_told_the_rest_of_a_case(connection: sqlite3.Connection) -> None:
    """A case that was told to an endpoint and then goes to another unit is told to it to its end."""
    install_outbox(connection, [("a", Wants(units=("路灯一队",)))])
    apply(connection, batch(raised()), 7, Practice(placing=Somewhere()))
    connection.execute("UPDATE cases SET unit = '路灯二队'")
    apply(connection, batch(cleared()), 8)

    assert outbox_counts(connection, "a").pending == 4


def test_no_endpoint_waits_for_another(connection: sqlite3.Connection, state_path: Path) -> None:
    """What one endpoint refuses all day is at the other's at once; a letter stays for who lacks it."""
    install_outbox(connection, [("a", Wants()), ("b", Wants())])
    apply(connection, batch(raised("f1"), raised("f2")), 7)
    down, up = Scripted(*[Answer(Outcome.FAILED, "500")] * 9), Scripted()
    at_s = [1e9]
    for _ in range(3):
        _sender(state_path, "a", down, at_s).send_next(connection)
        _sender(state_path, "b", up, at_s).send_next(connection)

    assert up.seen == ["f1-1", "f2-1"]
    assert (outbox_counts(connection, "a").pending, outbox_counts(connection, "b").pending) == (2, 0)
    assert outbox_counts(connection) == OutboxCounts(pending=2, dead=0, delivered=2, forgotten=0)
    assert [letter.delivery for letter in waiting_letters(connection, "a", 10)] == ["f1-1", "f2-1"]


def test_a_letter_costs_the_same_behind_a_backlog(connection: sqlite3.Connection) -> None:
    """Whether a letter is the first of its case is looked up, however many others wait."""
    install_outbox(connection, [("a", Wants())])
    connection.execute("BEGIN")
    apply(connection, batch(*(raised(f"f{n}") for n in range(400))), 7)
    connection.execute("COMMIT")
    work = []
    for waiting in (0, 399):
        connection.execute("UPDATE outbox_deliveries SET due_at_s = iif(step <= ?, 99.0, 0.0)", (waiting,))
        counted = [0]

        def step(counted: list[int] = counted) -> None:
            counted[0] += 1

        connection.set_progress_handler(step, 1)
        next_letter(connection, "a", 9.0)
        connection.set_progress_handler(None, 1)
        work.append(counted[0])

    assert work[1] < 2 * work[0]


def test_a_letter_goes_when_its_last_endpoint_has_it(
    connection: sqlite3.Connection, state_path: Path
) -> None:
    """Nothing is kept of a letter that all have."""
    install_outbox(connection, [("a", Wants()), ("b", Wants())])
    apply(connection, batch(raised()), 7)
    for endpoint in ("a", "b"):
        _sender(state_path, endpoint, Scripted(), [1e9]).send_next(connection)

    assert connection.execute("SELECT count(*) FROM outbox_letters").fetchone() == (0,)


def test_a_letter_that_waits_for_an_answer_holds_no_other_up(
    connection: sqlite3.Connection, state_path: Path
) -> None:
    """Waiting is no failure: it costs no attempt, and the endpoint's other letters go meanwhile."""
    install_outbox(connection, [("a", Wants())])
    apply(connection, batch(raised("f1"), raised("f2")), 7)
    courier, at_s = Scripted(Answer(Outcome.WAITING, "token", 30.0)), [1e9]
    sender = _sender(state_path, "a", courier, at_s)
    pauses = [sender.send_next(connection), sender.send_next(connection)]
    [waits] = held(connection)
    at_s[0] += 30.0
    sender.send_next(connection)

    assert (pauses, courier.seen) == ([0.0, 0.0], ["f1-1", "f2-1", "f1-1"])
    assert (waits.attempts, waits.words, waits.due_at_s, sender.trouble) == (0, "token", 1e9 + 30.0, "")


def test_a_letter_that_is_refused_is_given_up_at_once(
    connection: sqlite3.Connection, state_path: Path
) -> None:
    """What an endpoint will never take is dead at once; the case's next step is tried without a pause."""
    install_outbox(connection, [("a", Wants())])
    apply(connection, batch(raised(), cleared()), 7)
    courier = Scripted(Answer(Outcome.REFUSED, "400 no such service"))
    sender = _sender(state_path, "a", courier, [1e9])
    pause_s = sender.send_next(connection)
    sender.send_next(connection)

    assert (pause_s, courier.seen) == (0.0, ["f1-1", "f1-2"])
    assert [(dead.endpoint, dead.delivery, dead.words) for dead in dead_letters(connection)] == [
        ("a", "f1-1", "400 no such service")
    ]


def test_a_courier_is_asked_to_attend_when_it_said(connection: sqlite3.Connection, state_path: Path) -> None:
    """What is due beside the letters is done at its time, whether letters come or not."""
    install_outbox(connection, [("a", Wants())])
    courier, at_s = Scripted(), [1000.0]
    sender = _sender(state_path, "a", courier, at_s)
    for at_s[0] in (1000.0, 1030.0, 1060.0):
        sender.send_next(connection)

    assert courier.attended == [1000.0, 1060.0]


def test_an_outbox_of_the_old_format_goes_on(connection: sqlite3.Connection) -> None:
    """What waited for the one receiver waits for the webhook, the dead stay dead, sums stay, steps go on."""
    connection.executescript(FORMAT_1)
    install_outbox(connection, [("webhook", Wants())])
    letter = next_letter(connection, "webhook", 10.0)
    apply(connection, batch(raised("f9")), 7)

    assert letter == Letter(90, 1, "f1-1", '{"case": "C-000001"}', 4, 3)
    assert outbox_counts(connection, "webhook") == OutboxCounts(pending=2, dead=1, delivered=7, forgotten=1)
    assert [(dead.delivery, dead.words) for dead in dead_letters(connection)] == [("f2-1", "410 Gone")]
    assert connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'outbox'").fetchone() is None


def test_an_outbox_of_a_later_format_is_refused(connection: sqlite3.Connection) -> None:
    """What a later release wrote is left alone."""
    connection.execute("INSERT INTO desk_meta VALUES ('outbox_format_version', 3)")

    with pytest.raises(ValueError, match="format version 3"):
        install_outbox(connection, [("a", Wants())])


def test_open_cases_of_an_earlier_release_get_their_tenant_once(tmp_path: Path) -> None:
    """The registry says whose they are: their next steps are told by tenant. Later ones stay as they are."""
    connection = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    install(connection)
    apply(connection, batch(raised("f1"), raised("f2"), cleared("f2"), raised("f3")), 7)
    install_outbox(connection, [("east", Wants(tenants=("east",)))])
    city = Practice(placing=Somewhere())
    settle(connection, city)
    connection.execute("UPDATE cases SET tenant = NULL WHERE id = 3")
    settle(connection, city)
    take_step(connection, "C-000001", Asked(Step.ACCEPTED), "user:ann", 8, city)
    tenants = connection.execute("SELECT tenant FROM cases ORDER BY id").fetchall()
    connection.close()

    assert tenants == [("east",), (None,), (None,)]


def test_a_report_on_a_tenants_asset_is_the_tenants_wherever_its_point_lies(
    connection: sqlite3.Connection,
) -> None:
    """A point that somebody gives says where it is; whose it is says the registry."""

    class Pointless(Somewhere):
        def point(self, service: str, lat: float, lon: float, at_us: int) -> Place:
            return Place(lat=lat, lon=lon)

    told = Report("k", "lamp_out", Family.LIGHTING, "dark", device="lamp-1", asset="L-1", lat=31.2, lon=121.4)
    report(connection, told, "token:app", 7, Practice(placing=Pointless()))

    assert connection.execute("SELECT tenant, lat FROM cases").fetchall() == [("east", 31.2)]


def test_a_desk_of_the_second_format_gets_tenants(tmp_path: Path) -> None:
    """Cases that were there belong to nobody that is named; new ones can be told by tenant."""
    connection = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    install(connection)
    connection.executescript(
        "ALTER TABLE cases DROP COLUMN tenant;UPDATE desk_meta SET value = 2 WHERE name = 'format_version';"
    )
    install(connection)
    install_outbox(connection, [("a", Wants(tenants=("east",)))])
    apply(connection, batch(raised()), 7, Practice(placing=Somewhere()))

    assert outbox_counts(connection, "a").pending == 1


def test_dead_letters_are_tried_again_when_somebody_says_so(
    connection: sqlite3.Connection, state_path: Path
) -> None:
    """Each is as if it were new: its attempts and its age begin again, and who asked is kept."""
    install_outbox(connection, [("a", Wants())])
    apply(connection, batch(raised("f1"), raised("f2")), 7)
    while (letter := next_letter(connection, "a", 1e9)) is not None:
        note_dead(connection, "a", letter, "410 Gone", 1e9)
    tried = retry(connection, "a", None, "os:root", 2e9)
    sender = _sender(state_path, "a", Scripted(Answer(Outcome.FAILED, "500")), [2e9], give_up_after_s=60.0)
    sender.send_next(connection)

    assert (tried, outbox_counts(connection, "a").pending, outbox_counts(connection, "a").dead) == (2, 2, 0)
    acts = connection.execute("SELECT actor, act, endpoint, delivery FROM outbox_acts").fetchall()
    assert acts == [("os:root", "retried", "a", "f1-1"), ("os:root", "retried", "a", "f2-1")]


def test_a_letter_is_dropped_for_a_reason_only(connection: sqlite3.Connection) -> None:
    """A letter that stands in the way goes with who dropped it and why; without a reason it stays."""
    install_outbox(connection, [("a", Wants())])
    apply(connection, batch(raised(), cleared()), 7)
    with pytest.raises(ValueError, match="needs a reason"):
        drop(connection, "a", ["f1-1"], "os:root", " ", 9.0)
    drop(connection, "a", ["f1-1"], "os:root", "asset is gone", 9.0)
    following = next_letter(connection, "a", 1e9)

    assert following is not None
    assert following.delivery == "f1-2"
    acts = connection.execute("SELECT act, delivery, reason FROM outbox_acts").fetchall()
    assert acts == [("dropped", "f1-1", "asset is gone")]


def test_a_letter_that_is_none_changes_nothing(connection: sqlite3.Connection) -> None:
    """One wrong name among several leaves all as they were."""
    install_outbox(connection, [("a", Wants())])
    apply(connection, batch(raised()), 7)
    with pytest.raises(NoSuchLetter, match="f9-9"):
        drop(connection, "a", ["f1-1", "f9-9"], "os:root", "gone", 9.0)

    assert outbox_counts(connection, "a").pending == 1
