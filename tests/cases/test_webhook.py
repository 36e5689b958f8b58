import datetime
import hmac
import ipaddress
import random
import sqlite3
import ssl
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from findings_rows import batch, cleared, raised
from narrowgate_cases import apply, dead_letters, install_outbox, outbox_counts
from narrowgate_cases.http_exchange import checked_url
from narrowgate_cases.outbox_tables import Wants
from narrowgate_cases.sending import Patience, Sender
from narrowgate_cases.webhook import Endpoint, secrets_in, signature
from webhook_receiver import CLOSE, DRIP, STALL, Receiver, Reply

SECRET = b"sixteen bytes or more"
PATIENT_S = 100.0


@pytest.fixture
def desk(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A desk whose steps go to an outbox."""
    install_outbox(connection, [("webhook", Wants())])
    return connection


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on a port."""
    with Receiver().listening() as listening:
        yield listening


class Wall:
    """A wall clock that moves as far as somebody would have waited."""

    def __init__(self) -> None:
        """Begin now."""
        self.at_s = time.time()

    def __call__(self) -> float:
        """Give Unix time [s]."""
        return self.at_s


def _sender(state: Path, endpoint: Endpoint, wall: Wall, patience: Patience | None = None) -> Sender:
    return Sender(state, "webhook", endpoint, patience, now_s=wall, rng=random.Random(1))


def _send(
    desk: sqlite3.Connection, state: Path, receiver: Receiver, posts: int, **limits: float
) -> list[float]:
    """Send until a number of POSTs were made, waiting as told in between; give the wait after each."""
    wall = Wall()
    endpoint = Endpoint(receiver.url, [SECRET], timeout_s=PATIENT_S)
    sender = _sender(state, endpoint, wall, Patience(**limits))  # type: ignore[arg-type]
    waits = []
    while len(receiver.posts) < posts:
        made = len(receiver.posts)
        wait_s = sender.send_next(desk)
        waits += [wait_s] * (len(receiver.posts) - made)
        wall.at_s += wait_s
    return waits


def test_a_letter_is_signed_over_its_timestamp_and_body(
    desk: sqlite3.Connection, state_path: Path, receiver: Receiver
) -> None:
    """The receiver can tell with the secret alone who sent a letter, and when."""
    apply(desk, batch(raised()), 7)
    _send(desk, state_path, receiver, 1)
    [post] = receiver.posts
    timestamp = post.headers["narrowgate-timestamp"]
    expected = hmac.new(SECRET, timestamp.encode() + b"." + post.body, sha256).hexdigest()

    assert post.headers["narrowgate-signature"] == f"v1={expected}"
    assert abs(int(timestamp) - time.time()) < 200
    assert (post.key, post.said["delivery"], post.said["case"]) == ("f1-1", "f1-1", "C-000001")
    assert outbox_counts(desk).delivered == 1


def test_two_secrets_sign_twice() -> None:
    """While a secret is changed, letters carry a signature of the old one and one of the new one."""
    both = signature([SECRET, b"another secret of mine"], "1700000000", b"{}")

    assert both.split(", ") == [
        signature([SECRET], "1700000000", b"{}"),
        signature([b"another secret of mine"], "1700000000", b"{}"),
    ]


@pytest.mark.parametrize(
    ("failure", "timeout_s", "words"),
    [
        (Reply(500), PATIENT_S, "500 Internal Server Error"),
        (Reply(429, {"Retry-After": "7"}), PATIENT_S, "429 Too Many Requests"),
        (Reply(301, {"Location": "https://elsewhere.example/"}), PATIENT_S, "redirects are not followed"),
        (CLOSE, PATIENT_S, "RemoteDisconnected"),
        (STALL, 0.3, "no answer within 0.3 s"),
        (DRIP, 0.3, "no answer within 0.3 s"),
    ],
    ids=["500", "429", "301", "close", "stall", "drip"],
)
def test_a_letter_that_failed_is_delivered_again_under_its_name(
    desk: sqlite3.Connection,
    state_path: Path,
    receiver: Receiver,
    failure: Reply | str,
    timeout_s: float,
    words: str,
) -> None:
    """Whatever a receiver does, even after it stored the letter: the same letter comes again."""
    receiver.plan = [failure]
    apply(desk, batch(raised()), 7)
    wall = Wall()
    sender = _sender(state_path, Endpoint(receiver.url, [SECRET], timeout_s=timeout_s), wall)
    sender.send_next(desk)
    trouble = sender.trouble
    # A receiver that is slow to take part in all this is met again as well.
    while outbox_counts(desk).pending:
        wall.at_s += 100.0
        sender.send_next(desk)

    assert words in trouble
    assert len(receiver.posts) >= 2
    assert {(post.key, post.body) for post in receiver.posts} == {("f1-1", receiver.posts[0].body)}
    assert sender.trouble == ""


def test_retry_after_is_obeyed(desk: sqlite3.Connection, state_path: Path, receiver: Receiver) -> None:
    """A receiver that asks to be left alone for a time is left alone for it, in seconds or by date."""
    in_an_hour = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=3601)
    receiver.plan = [
        Reply(429, {"Retry-After": "7"}),
        Reply(503, {"Retry-After": in_an_hour.strftime("%a, %d %b %Y %H:%M:%S GMT")}),
    ]
    apply(desk, batch(raised()), 7)
    by_seconds, by_date, delivered = _send(desk, state_path, receiver, 3)

    assert by_seconds == 7.0
    assert 3400.0 < by_date < 3602.0
    assert delivered == 0.0


def test_pauses_grow_to_a_cap(desk: sqlite3.Connection, state_path: Path, receiver: Receiver) -> None:
    """Each failure about doubles the pause, with jitter, up to the longest."""
    receiver.plan = [Reply(500)] * 12
    apply(desk, batch(raised()), 7)
    waits = _send(desk, state_path, receiver, 9, longest_letter_pause_s=1.0, longest_pause_s=20.0)

    assert 0.5 <= waits[0] <= 1.0
    assert 4.0 <= waits[3] <= 8.0
    assert all(10.0 <= wait <= 20.0 for wait in waits[5:])


def test_the_order_of_a_case_is_kept_while_a_step_fails(
    desk: sqlite3.Connection, state_path: Path, receiver: Receiver
) -> None:
    """A later step never overtakes an earlier one of its case; another case goes by."""
    receiver.plan = [Reply(500)]
    apply(desk, batch(raised("f1")), 7)
    apply(desk, batch(cleared("f1"), raised("f2")), 8)
    _send(desk, state_path, receiver, 4)

    assert [key for key in receiver.keys if key.startswith("f1")] == ["f1-1", "f1-1", "f1-2"]
    assert "f2-1" in receiver.keys


def test_a_letter_is_given_up_after_its_tries(
    desk: sqlite3.Connection, state_path: Path, receiver: Receiver
) -> None:
    """A letter that is refused too often becomes a dead one, with the receiver's words."""
    receiver.plan = [Reply(422)] * 3
    apply(desk, batch(raised()), 7)
    _send(desk, state_path, receiver, 3, attempts_at_most=3)

    assert len(receiver.posts) == 3
    assert [(dead.delivery, dead.attempts, dead.words) for dead in dead_letters(desk)] == [
        ("f1-1", 3, "422 Unprocessable Entity")
    ]


def test_a_letter_is_given_up_when_it_is_old(
    desk: sqlite3.Connection, state_path: Path, receiver: Receiver
) -> None:
    """A letter that could not be delivered for the time allowed becomes a dead one."""
    receiver.plan = [Reply(503, {"Retry-After": "3000"})] * 3
    apply(desk, batch(raised()), 7)
    _send(desk, state_path, receiver, 2, give_up_after_s=2000.0)

    assert outbox_counts(desk).dead == 1


def test_nobody_listening_is_trouble_in_words(desk: sqlite3.Connection, state_path: Path) -> None:
    """A receiver that is not there costs a pause, and is named without the address's path."""
    apply(desk, batch(raised()), 7)
    sender = _sender(state_path, Endpoint("http://127.0.0.1:9/secret-path", [SECRET]), Wall())
    sender.send_next(desk)

    assert sender.trouble.startswith("127.0.0.1:9: ConnectionRefusedError")
    assert outbox_counts(desk).pending == 1


def test_a_sender_in_its_thread_ends_when_told(
    desk: sqlite3.Connection, state_path: Path, receiver: Receiver
) -> None:
    """The thread sends what is in the box and ends at once when it is stopped."""
    apply(desk, batch(raised("f1"), raised("f2")), 7)
    sender = Sender(state_path, "webhook", Endpoint(receiver.url, [SECRET]))
    thread = threading.Thread(target=sender.run)
    thread.start()
    receiver.until(2)
    sender.stop()
    thread.join(100)

    assert not thread.is_alive()
    assert sorted(receiver.keys) == ["f1-1", "f2-1"]


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate that vouches for itself, for one host name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    host = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    built = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, private


@pytest.mark.parametrize(
    ("host", "is_trusted", "delivered"),
    [("localhost", True, 1), ("localhost", False, 0), ("other.example", True, 0)],
    ids=["right", "unknown authority", "wrong name"],
)
def test_tls_is_verified(
    desk: sqlite3.Connection, state_path: Path, tmp_path: Path, host: str, is_trusted: bool, delivered: int
) -> None:
    """A receiver is posted to only if a trusted authority vouches for its name."""
    certificate, key = _certificate(tmp_path, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    apply(desk, batch(raised()), 7)
    with Receiver().listening(context) as receiver:
        endpoint = Endpoint(
            receiver.url, [SECRET], timeout_s=PATIENT_S, ca_file=certificate if is_trusted else None
        )
        sender = _sender(state_path, endpoint, Wall())
        sender.send_next(desk)

        assert len(receiver.posts) == delivered
    assert ("CERTIFICATE_VERIFY_FAILED" in sender.trouble) is (delivered == 0)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://cases.example/hook", "https only"),
        ("https://user:word@cases.example/", "secret"),
        ("ftp://cases.example/", "no address"),
        ("https:///hook", "no address"),
        ("https://cases.example:99999/", "no address"),
        ("https://cases.example/#top", "fragment"),
        ("https://cases.example/a b", "space"),
        ("", "no address"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, words: str) -> None:
    """Plain http to another machine, secrets in an address and what is no address are refused in words."""
    with pytest.raises(ValueError, match=words):
        checked_url(url)


@pytest.mark.parametrize("text", ["", "too short", "a secret that is long\n" * 3])
def test_secrets_that_cannot_be_used_are_refused_unseen(text: str) -> None:
    """No secret, a short one or too many are refused, and the words do not show them."""
    with pytest.raises(ValueError, match="secret") as refused:
        secrets_in(text)

    assert "too short" not in str(refused.value)
