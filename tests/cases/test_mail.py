import json
import sqlite3
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, time
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from certificates import self_signed
from findings_rows import batch, raised
from mail_stand import PASSWORD, USER, Mailbox, mail_server
from narrowgate_cases import Wants, apply, install_outbox, outbox_counts
from narrowgate_cases.couriers import AttendFailed
from narrowgate_cases.mail_courier import MOST_LETTERS, MailCourier, Times
from narrowgate_cases.mail_digest import Wording
from narrowgate_cases.sending import Patience, Sender
from narrowgate_cases.smtp import MailFailed, MailServer, Security
from narrowgate_simulators.ports import free_tcp_port

ZONE = ZoneInfo("Asia/Shanghai")
NOON_S = datetime(2026, 3, 2, 12, tzinfo=ZONE).timestamp()
NEXT_MORNING_S = datetime(2026, 3, 3, 8, tzinfo=ZONE).timestamp()
TO = ("desk@city.example", "crew@city.example")


@pytest.fixture
def desk(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A desk whose steps go by mail."""
    install_outbox(connection, [("mail", Wants())])
    return connection


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server of this machine."""
    with mail_server() as box:
        yield box


def courier_to(port: int, language: str = "en") -> MailCourier:
    """Give a courier to a server of this machine."""
    wording = Wording(language, ZONE, lambda name: {"lamp_out": "Lamp out"}.get(name, name))
    return MailCourier(
        "mail",
        MailServer("127.0.0.1", port, Security.NONE, timeout_s=100),
        wording,
        Times((time(8), time(17, 30)), ZONE),
        sender="narrowgate@city.example",
        recipients=TO,
    )


def test_what_happened_goes_together_at_its_time(desk: sqlite3.Connection, mailbox: Mailbox) -> None:
    """Nothing leaves before eight; then one mail tells each case and its steps to everybody."""
    courier = courier_to(mailbox.port)
    courier.attend(desk, NEXT_MORNING_S - 3600)
    for n in (1, 2):
        apply(desk, batch(raised(f"f{n}", asset=f"bay {n}", device=f"bay-{n}")), 7)
    early = courier.attend(desk, NEXT_MORNING_S - 1)
    before = len(mailbox.mails)
    courier.attend(desk, NEXT_MORNING_S)
    courier.attend(desk, NEXT_MORNING_S + 60)

    assert (early, before, len(mailbox.mails)) == (1.0, 0, 1)
    assert mailbox.recipients == [list(TO)]
    assert mailbox.read()["Subject"] == "[Narrowgate] 2 cases, 2 steps"
    for kind in ("plain", "html"):
        assert all(word in mailbox.text(kind=kind) for word in ("C-000001", "C-000002", "Lamp out", "bay 2"))
    assert (outbox_counts(desk).pending, outbox_counts(desk).delivered) == (0, 2)


def test_news_of_danger_leaves_at_the_next_look(desk: sqlite3.Connection, mailbox: Mailbox) -> None:
    """Where safety is at stake nobody waits for the morning."""
    courier = courier_to(mailbox.port, "zh")
    courier.attend(desk, NOON_S)
    apply(desk, batch(raised("f1", severity="minor")), 7)
    wait_s = courier.attend(desk, NOON_S + 30)
    quiet = len(mailbox.mails)
    apply(desk, batch(raised("f2", severity="safety", asset="b", device="bay-2")), 7)
    courier.attend(desk, NOON_S + 60)

    assert (quiet, len(mailbox.mails)) == (0, 1)
    assert wait_s <= 30
    assert mailbox.read()["Subject"] == "[Narrowgate] 2 件案件，2 个环节"
    assert "上报" in mailbox.text()


def test_a_server_that_is_away_is_said_and_loses_nothing(desk: sqlite3.Connection) -> None:
    """What cannot leave waits, the words say why, and the mail leaves once the server is back."""
    port = free_tcp_port()
    courier = courier_to(port)
    courier.attend(desk, NOON_S)
    apply(desk, batch(raised()), 7)
    with pytest.raises(AttendFailed, match=f"127.0.0.1:{port}: .*refused"):
        courier.attend(desk, NEXT_MORNING_S)

    assert outbox_counts(desk).pending == 1


def test_a_mail_whose_fate_is_unknown_goes_again_unchanged(
    desk: sqlite3.Connection, mailbox: Mailbox
) -> None:
    """The server kept it and then fell: the same mail under the same name, and later steps in another."""
    courier = courier_to(mailbox.port)
    courier.attend(desk, NOON_S)
    apply(desk, batch(raised("f1")), 7)
    mailbox.plan = ["421 we close"]
    with pytest.raises(AttendFailed, match="421"):
        courier.attend(desk, NEXT_MORNING_S)
    apply(desk, batch(raised("f2", asset="b", device="bay-2")), 7)
    courier_to(mailbox.port).attend(desk, NEXT_MORNING_S + 60)
    first, again, other = mailbox.mails

    assert first == again
    assert mailbox.read(0)["Message-ID"] == mailbox.read(1)["Message-ID"] != mailbox.read(2)["Message-ID"]
    assert "C-000002" in mailbox.text(2)
    assert b"C-000001" not in other
    assert outbox_counts(desk).delivered == 2


@pytest.mark.parametrize("farewell", ["250 OK", "421 we close", "500 what?"])
def test_a_mail_that_was_taken_goes_once_whatever_the_farewell(
    desk: sqlite3.Connection, mailbox: Mailbox, farewell: str
) -> None:
    """A server that took a mail has it, also if it parts in words of its own."""
    mailbox.farewell = farewell
    courier = courier_to(mailbox.port)
    courier.attend(desk, NOON_S)
    apply(desk, batch(raised("f1")), 7)
    courier.attend(desk, NEXT_MORNING_S)
    courier.attend(desk, NEXT_MORNING_S + 60)

    assert (len(mailbox.mails), outbox_counts(desk).delivered) == (1, 1)


def test_a_recipient_that_is_refused_is_named(desk: sqlite3.Connection, mailbox: Mailbox) -> None:
    """The others get the mail, and readiness says who does not, until all do."""
    mailbox.unknown = {TO[1]}
    courier = courier_to(mailbox.port)
    courier.attend(desk, NOON_S)
    apply(desk, batch(raised("f1")), 7)
    with pytest.raises(AttendFailed, match=r"not for crew@city\.example: 550 no such mailbox"):
        courier.attend(desk, NEXT_MORNING_S)

    assert (mailbox.recipients, outbox_counts(desk).pending) == ([[TO[0]]], 0)


def test_who_is_put_off_gets_the_same_mail_later(desk: sqlite3.Connection, mailbox: Mailbox) -> None:
    """Greylisting holds nobody else up: others have the mail once, who was left gets it once it may."""
    mailbox.later = {TO[1]}
    courier = courier_to(mailbox.port)
    courier.attend(desk, NOON_S)
    apply(desk, batch(raised("f1")), 7)
    with pytest.raises(AttendFailed, match=r"not yet for crew@city\.example: 450 come again later"):
        courier.attend(desk, NEXT_MORNING_S)
    with pytest.raises(AttendFailed, match="not yet for crew"):
        courier_to(mailbox.port).attend(desk, NEXT_MORNING_S + 400)
    mailbox.later = set()
    courier.attend(desk, NEXT_MORNING_S + 800)
    courier.attend(desk, NEXT_MORNING_S + 1600)

    assert mailbox.recipients == [[TO[0]], [TO[1]]]
    assert mailbox.mails[0] == mailbox.mails[1]
    assert outbox_counts(desk).pending == 0


def test_who_is_refused_for_hours_is_given_up(desk: sqlite3.Connection, mailbox: Mailbox) -> None:
    """A mailbox that stays full does not hold its mail, and a line in readiness, for ever."""
    mailbox.later = {TO[1]}
    courier = courier_to(mailbox.port)
    courier.attend(desk, NOON_S)
    apply(desk, batch(raised("f1")), 7)
    with pytest.raises(AttendFailed, match="not yet"):
        courier.attend(desk, NEXT_MORNING_S)
    courier.attend(desk, NEXT_MORNING_S + 4 * 3600)

    assert desk.execute("SELECT count(*) FROM mail_left").fetchone() == (0,)


def test_whatever_devices_are_called_is_only_text(desk: sqlite3.Connection, mailbox: Mailbox) -> None:
    """Marks and line ends in names make no page, no header and no further mail."""
    courier = courier_to(mailbox.port)
    courier.attend(desk, NOON_S)
    name = "<img src=x onerror=alert(1)>\r\nBcc: eve@evil.example\r\n.\r\n"
    apply(desk, batch(raised("f1", device=name, asset=name)), 7)
    courier.attend(desk, NEXT_MORNING_S)

    assert len(mailbox.mails) == 1
    assert mailbox.recipients == [list(TO)]
    assert "Bcc" not in mailbox.read()
    assert "<img" not in mailbox.text(kind="html")


def test_many_steps_make_several_mails(desk: sqlite3.Connection, mailbox: Mailbox) -> None:
    """A mail tells so many steps at most; the rest follow at once."""
    courier = courier_to(mailbox.port)
    courier.attend(desk, NOON_S)
    rows = [raised(f"f{n}", asset=f"bay {n}", device=f"bay-{n}") for n in range(MOST_LETTERS + 3)]
    apply(desk, batch(*rows), 7)
    courier.attend(desk, NEXT_MORNING_S)

    assert [mailbox.read(n)["Subject"].split()[-2] for n in (0, 1)] == [str(MOST_LETTERS), "3"]
    assert outbox_counts(desk).pending == 0


def test_what_no_server_takes_is_given_up_at_its_age(desk: sqlite3.Connection, state_path: Path) -> None:
    """A letter does not wait for ever: it is a dead one after as long as is configured."""
    apply(desk, batch(raised()), 7)
    (put_at_s,) = desk.execute("SELECT put_at_s FROM outbox_letters").fetchone()
    wall = [float(put_at_s)]
    courier = courier_to(free_tcp_port())
    sender = Sender(state_path, "mail", courier, Patience(give_up_after_s=7200), now_s=lambda: wall[0])
    sender.send_next(desk)
    before = outbox_counts(desk).dead
    wall[0] += 7200
    sender.send_next(desk)

    assert (before, outbox_counts(desk).dead) == (0, 1)


def test_mail_goes_over_verified_tls_under_a_password(tmp_path: Path) -> None:
    """A certificate that nobody vouches for, or a wrong password, sends nothing, and no word shows it."""
    certificate, key = self_signed(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with mail_server(context) as box:
        answers = []
        for password, trusted in ((PASSWORD, None), ("wrong", certificate), (PASSWORD, certificate)):
            server = MailServer(
                "localhost", box.port, Security.STARTTLS, USER, password, timeout_s=100, ca_file=trusted
            )
            try:
                server.visit()
                answers.append("well")
            except MailFailed as failed:
                answers.append(str(failed))
        plain = MailServer("localhost", box.port, Security.NONE, timeout_s=100)
        with pytest.raises(MailFailed, match="530"):
            plain.send(_mail())

    assert "self-signed certificate" in answers[0]
    assert answers[1].startswith("535")
    assert answers[2] == "well"
    assert box.mails == []
    assert PASSWORD not in json.dumps(answers)


def _mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "a@city.example", "b@city.example"
    return message


@pytest.mark.parametrize(
    ("last", "following"),
    [
        ("2026-03-02T07:59:59+08:00", "2026-03-02T08:00:00+08:00"),
        ("2026-03-02T08:00:00+08:00", "2026-03-02T17:30:00+08:00"),
        ("2026-03-02T17:30:00+08:00", "2026-03-03T08:00:00+08:00"),
        ("2026-12-31T23:59:59+08:00", "2027-01-01T08:00:00+08:00"),
    ],
)
def test_mails_leave_by_the_citys_clock(last: str, following: str) -> None:
    """After one time of the day comes the next, over days and years."""
    times = Times((time(8), time(17, 30)), ZONE)
    instant_s = times.after_s(datetime.fromisoformat(last).timestamp())

    assert datetime.fromtimestamp(instant_s, UTC) == datetime.fromisoformat(following)
