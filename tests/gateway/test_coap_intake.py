"""What devices with poor message ids and tokens are told, and what strangers and noise cost."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from coap_stand import STRANGERS, listening, told
from coap_wire import ACK, GET, NON, RST, Seen, device, exchange, read, request
from gateway_door import TRUST, Stand
from gateway_home import kept_rows
from narrowgate_gateway import coap_datapath
from narrowgate_gateway.coap import CoapServer
from narrowgate_gateway.coap_answers import RETRY_AFTER_S
from narrowgate_gateway.coap_blocks import BOOKKEEPING_BYTES, MOST_BYTES
from narrowgate_gateway.door import Trust

N_FLOOD = 20_000
HONEST = (ipaddress.ip_network("127.0.0.1/32"),)
BAD_UTF8 = b"\x41\x02\x00\x17c\xb2nb\x02\xff\xfe\x02up\xff\x15\x66\x01"
UNKNOWN_CRITICAL = b"\x41\x02\x00\x18c\xb2nb\x01b\x02up\x21\x07\xff\x15\x66\x01"
CUT_OPTION = b"\x41\x02\x00\x18c\xbdnb"
FIRST_OF_MORE = b"\xd1\x03\x08"  # Block1 (27) after Uri-Path (11): number 0, more to come, 16 bytes
NO_RESPONSE = b"\xd1\xea\x1a"  # No-Response (258) after Uri-Path (11): no class of answer is wanted


def sent_at_once(datagrams: Iterable[bytes], n_answers: int) -> Callable[[int], list[Seen]]:
    """Give the act of one device that sends datagrams without waiting, then reads its answers."""

    def act(port: int) -> list[Seen]:
        with device(port) as one:
            for datagram in datagrams:
                one.send(datagram)
            return sorted((read(one.recv(2048)) for _ in range(n_answers)), key=lambda seen: seen.message_id)

    return act


def answer_or_silence(datagram: bytes) -> Callable[[int], Seen | None]:
    """Give the act of a device that sends a datagram, and after it one that is answered in any case."""

    def act(port: int) -> Seen | None:
        with device(port) as one:
            one.send(datagram)
            first = exchange(one, request(0xEEEE, token=b"\xee"))
            return None if first.token == b"\xee" else first

    return act


def test_a_message_id_used_again_for_another_frame_is_another_frame(tmp_path: Path) -> None:
    """Three frames under one message id are three rows, each answered with its own token."""
    stand = Stand(tmp_path)
    frames = [(b"A1", b"\x15\x66\x01"), (b"A2", b"\x15\x66\x00"), (b"A3", b"\x02\x67\x01\xf0")]

    def act(port: int) -> list[Seen]:
        with device(port) as one:
            return [exchange(one, request(77, payload, token=token)) for token, payload in frames]

    assert told(stand, act) == [Seen(ACK, "2.04", 77, token, None) for token, _ in frames]
    rows = kept_rows(stand.home.journal)
    assert [(row["token"], row["payload"]) for row in rows] == frames
    assert stand.counters.read()["kept"] == 3


@pytest.mark.parametrize("token", [b"", b"T"])
def test_every_frame_is_answered_though_all_share_one_token(tmp_path: Path, token: bytes) -> None:
    """Ten frames that wait for one sync under one token have ten answers, by message id."""
    stand = Stand(tmp_path)
    datagrams = [request(600 + n, bytes([n]), token=token) for n in range(10)]

    assert told(stand, sent_at_once(datagrams, 10)) == [
        Seen(ACK, "2.04", 600 + n, token, None) for n in range(10)
    ]
    assert stand.counters.read()["kept"] == len(kept_rows(stand.home.journal)) == 10


def test_a_frame_whose_token_was_used_again_is_answered_when_it_comes_again(tmp_path: Path) -> None:
    """The retransmission of an earlier frame has its own answer."""
    stand = Stand(tmp_path)
    first, second = request(500, b"\x01", token=b""), request(501, b"\x02", token=b"")

    seen = told(stand, sent_at_once([first, second, first], 3))

    assert isinstance(seen, list)
    assert [each.message_id for each in seen] == [500, 500, 501]
    assert len(kept_rows(stand.home.journal)) == 2


def test_a_non_confirmable_frame_that_comes_again_is_silently_ignored(tmp_path: Path) -> None:
    """One NON frame sent twice has one answer and one row, and the repeat is counted."""
    stand, frame = Stand(tmp_path), request(7, kind=NON)

    def act(port: int) -> tuple[str, bytes]:
        with device(port) as one:
            first = exchange(one, frame)
            one.send(frame)
            return first.code, exchange(one, request(8, token=b"\x08")).token

    assert told(stand, act) == ("2.04", b"\x08")
    assert len(kept_rows(stand.home.journal)) == 2
    assert stand.counters.read()["duplicate"] == 1


def test_who_wants_no_answer_has_an_empty_acknowledgement_after_the_sync(tmp_path: Path) -> None:
    """No-Response (RFC 7967) leaves the bare acknowledgement of a frame that is kept."""
    stand = Stand(tmp_path)
    datagram = request(9, b"") + NO_RESPONSE + b"\xff\x15\x66\x01"

    assert told(stand, sent_at_once([datagram], 1)) == [Seen(ACK, "0.00", 9, b"", None)]
    assert len(kept_rows(stand.home.journal)) == 1


def test_who_wants_no_answer_is_told_all_the_same_what_was_not_kept(tmp_path: Path) -> None:
    """An empty acknowledgement of a lost frame would say that it was received."""
    stand = Stand(tmp_path)
    stand.journal.fault = OSError(28, "No space left on device")
    datagram = request(9, b"") + NO_RESPONSE + b"\xff\x15\x66\x01"

    assert told(stand, sent_at_once([datagram], 1)) == [Seen(ACK, "5.03", 9, b"\x01", RETRY_AFTER_S)]


@pytest.mark.parametrize("datagram", [BAD_UTF8, UNKNOWN_CRITICAL])
def test_options_that_cannot_be_heeded_are_a_bad_option(
    tmp_path: Path, datagram: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A confirmable request with a readable head is told 4.02, counted, and named in one line."""
    stand = Stand(tmp_path)
    seen = told(stand, sent_at_once([datagram], 1))

    assert seen == [Seen(ACK, "4.02", int.from_bytes(datagram[2:4], "big"), b"c", None)]
    assert stand.counters.read()["malformed"] == 1
    assert ["sent a datagram that is no CoAP message" in line for line in caplog.messages] == [True]


@pytest.mark.parametrize(
    "datagram",
    [
        b"\x40",
        b"\x00\x02\x12\x35",
        b"\x59\x02\x12\x36" + bytes(9),
        b"\x54\x02\x12\x37ab",
        b"\x51" + BAD_UTF8[1:],
        b"\x51" + UNKNOWN_CRITICAL[1:],
        b"\x51" + CUT_OPTION[1:],
    ],
)
def test_what_has_no_message_id_or_waits_for_nothing_is_met_with_silence(
    tmp_path: Path, datagram: bytes
) -> None:
    """Cut heads, other versions, and NON that break the format or have bad options are counted only."""
    stand = Stand(tmp_path)

    assert told(stand, answer_or_silence(datagram)) is None
    assert stand.counters.read()["malformed"] == 1


@pytest.mark.parametrize(
    "datagram",
    [
        CUT_OPTION,
        b"\x49\x02\x12\x36" + bytes(9),
        b"\x44\x02\x12\x37ab",
        b"\x40\x02\x12\x38\xff",
        b"\x41\x00\x12\x39a",
        b"\x40\x21\x12\x3a",
    ],
)
def test_a_confirmable_message_that_breaks_the_format_is_reset(tmp_path: Path, datagram: bytes) -> None:
    """RFC 7252, 4.2: cut options and tokens, a marker before nothing, a reserved class are rejected."""
    stand = Stand(tmp_path)
    seen = told(stand, sent_at_once([datagram], 1))

    assert seen == [Seen(RST, "0.00", int.from_bytes(datagram[2:4], "big"), b"", None)]
    assert stand.counters.read()["malformed"] == 1


@pytest.mark.parametrize(
    ("datagram", "forbidden"),
    [
        (request(1, kind=NON), 1),
        (request(2, b"", path=(".well-known", "core"), code=GET), 1),
        (b"\x40\x00\x12\x34", 0),
    ],
)
def test_strangers_are_met_with_silence_but_for_uplinks_that_wait(
    tmp_path: Path, datagram: bytes, forbidden: int
) -> None:
    """A stranger's NON, discovery and ping have no answer; the confirmable uplink after them has 4.03."""
    stand = Stand(tmp_path)

    assert told(stand, answer_or_silence(datagram), STRANGERS) is None
    assert stand.counters.read()["forbidden"] == forbidden + 1


def test_beyond_what_may_wait_a_frame_is_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many frames waiting as may wait, the next is told 5.03 at once."""
    monkeypatch.setattr(coap_datapath, "MOST_UNDER_WAY", 2)
    stand = Stand(tmp_path)

    def act(port: int) -> list[Seen]:
        with device(port) as one:
            stand.journal.gate.clear()
            for n in range(3):
                one.send(request(n, bytes([n])))
            seen = [read(one.recv(2048))]
            stand.journal.gate.set()
            return seen + sorted(read(one.recv(2048)) for _ in range(2))

    seen = told(stand, act)

    assert seen == [
        Seen(ACK, "5.03", 2, b"\x01", RETRY_AFTER_S),
        Seen(ACK, "2.04", 0, b"\x01", None),
        Seen(ACK, "2.04", 1, b"\x01", None),
    ]
    assert stand.counters.read()["cannot_keep"] == 1


def remembered_after(
    stand: Stand, datagrams: Iterable[bytes], source: str, trust: Trust = TRUST
) -> tuple[list[int], int]:
    """Give how much each memory holds after a flood from a source, and how many blocks are held."""

    async def scenario() -> tuple[list[int], int]:
        async with listening(stand, trust) as server:
            await asyncio.to_thread(flood, server.port)
            return entries(server), len(server._intake.blocks)

    def flood(port: int) -> None:
        with device(port, source=source) as many, device(port) as honest:
            for n, datagram in enumerate(datagrams):
                many.send(datagram)
                if n % 100 == 99:
                    exchange(honest, request(n, token=b"\x99"))
                    drain(many)

    return asyncio.run(scenario())


def drain(one: socket.socket) -> None:
    """Read what came back so far."""
    one.setblocking(False)
    try:
        while one.recv(2048):
            pass
    except BlockingIOError:
        one.settimeout(100.0)


def entries(server: CoapServer) -> list[int]:
    """Give the number of entries of everything that grows with requests."""
    messages = server._seam.messages
    requests = messages.token_manager
    return [
        len(messages._recent_messages),
        len(messages._piggyback_opportunities),
        len(messages._active_exchanges),
        len(requests.incoming_requests),
    ]


def test_a_strangers_noise_is_counted_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is outside the listed networks writes no line of the log."""
    stand = Stand(tmp_path)
    told(stand, answer_or_silence(b"\xff" * 9), STRANGERS)

    assert stand.counters.read()["malformed"] == 1
    assert caplog.messages == []


def test_strangers_leave_nothing_behind(tmp_path: Path) -> None:
    """After 20 000 requests from outside the listed networks no memory holds one of them."""
    stand = Stand(tmp_path)
    only_one = Trust("coap", "", HONEST, 64)
    requests = (request(n & 0xFFFF, bytes(60), token=n.to_bytes(4, "big")) for n in range(N_FLOOD))

    assert remembered_after(stand, requests, "127.0.0.2", only_one) == ([0, 0, 0, 0], 0)
    assert stand.counters.read()["forbidden"] == N_FLOOD


def test_requests_that_are_no_uplinks_leave_nothing_behind(tmp_path: Path) -> None:
    """After 20 000 requests for other paths, or by other methods, no memory holds one of them."""
    kinds = [
        {"path": ("elsewhere",)},
        {"code": GET},
        {"path": (".well-known", "core"), "code": GET, "payload": b""},
        {"kind": NON, "code": GET},
    ]
    requests = (
        request(n & 0xFFFF, token=n.to_bytes(4, "big"), **kinds[n % 4])  # type: ignore[arg-type]
        for n in range(N_FLOOD)
    )

    held, n_uploads = remembered_after(Stand(tmp_path), requests, "127.0.0.1")

    assert max(held) <= 4
    assert n_uploads == 0


def test_open_uploads_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 000 uploads that are never finished, only as many are held as the sum of all allows."""
    monkeypatch.setattr(coap_datapath, "SINGLES_AT_ONCE", 1e9)
    first_blocks = (
        request(n & 0xFFFF, b"", path=("nb", f"bay-{n}", "up"), kind=NON)
        + FIRST_OF_MORE
        + b"\xff"
        + bytes(16)
        for n in range(N_FLOOD)
    )

    held, n_uploads = remembered_after(Stand(tmp_path), first_blocks, "127.0.0.1")

    assert held == [0, 0, 0, 0]
    assert n_uploads == MOST_BYTES // (BOOKKEEPING_BYTES + 16)
