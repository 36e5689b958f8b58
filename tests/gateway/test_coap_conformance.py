"""RFC 7252's rules of messages and requests, one test a row of docs/coap.md."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from coap_stand import TEMPLATE, listening, one_exchange, told
from coap_wire import ACK, CON, GET, NON, RST, Seen, device, exchange, read, request
from gateway_door import TRUST, Stand
from gateway_home import OCCUPIED, kept_rows
from narrowgate_gateway.coap_answers import RETRY_AFTER_S
from narrowgate_gateway.coap_datagrams import PKTINFO_SPACE, SOURCE_BYTES, Datagrams
from narrowgate_gateway.coap_paths import PathColumns
from narrowgate_gateway.coap_sorting import Fate, sort
from narrowgate_gateway.coap_uplinks import Limits
from narrowgate_gateway.networks import Networks

TESTS = Path(__file__).parent
PAGE = TESTS.parents[1] / "docs/coap.md"
PATH = b"\xb2nb\x05bay-1\x02up"
PROXY_URI = b"\xd6\x0bcoap:/"  # 35 after 11
PROXY_SCHEME = b"\xd4\x0fcoap"  # 39 after 11
DISCOVERY = (".well-known", "core")
FORMAT_ERRORS = {
    "token of nine": b"\x09\x02" + bytes(11),
    "token cut": b"\x04\x02\x12\x34ab",
    "bare marker": b"\x00\x02\x12\x34\xff",
    "bare marker after a path": b"\x00\x02\x12\x34" + PATH + b"\xff",
    "option cut": b"\x00\x02\x12\x34\xb9nb",
    "delta of 15": b"\x00\x02\x12\x34\xf1a",
    "length of 15": b"\x00\x02\x12\x34\xbfa",
    "extended length cut": b"\x00\x02\x12\x34\xbd",
    "empty with a token": b"\x01\x00\x12\x34a",
    "empty with a payload": b"\x00\x00\x12\x34\xffa",
    "class 1": b"\x00\x21\x12\x34",
    "class 6": b"\x00\xc1\x12\x34",
    "class 7": b"\x00\xe1\x12\x34",
}


def of_kind(kind: int, datagram: bytes) -> bytes:
    """Give a message of version 1 and a kind."""
    return bytes([0x40 | kind << 4 | datagram[0]]) + datagram[1:]


def uplink(options: bytes = b"", kind: int = CON, message_id: int = 1) -> bytes:
    """Give an uplink of bay-1 with options after its path."""
    return of_kind(
        kind, b"\x01\x02" + struct.pack(">H", message_id) + b"t" + PATH + options + b"\xff" + OCCUPIED
    )


def silent(datagram: bytes) -> Callable[[int], Seen]:
    """Give the act of a device that sends a datagram, then an uplink, and hears one answer first."""

    def act(port: int) -> Seen:
        with device(port) as one:
            one.send(datagram)
            return exchange(one, request(0xEEEE, token=b"\xee"))

    return act


AFTER_SILENCE = Seen(ACK, "2.04", 0xEEEE, b"\xee", None)


def test_another_version_is_ignored(tmp_path: Path) -> None:
    """A message of version 0, 2 or 3 is not answered."""
    for n, first in enumerate((0x01, 0x81, 0xC1)):
        seen = told(Stand(tmp_path / str(n)), silent(bytes([first]) + uplink()[1:]))
        assert seen == AFTER_SILENCE


@pytest.mark.parametrize("name", FORMAT_ERRORS)
def test_a_confirmable_format_error_is_reset(tmp_path: Path, name: str) -> None:
    """A confirmable message that breaks the format is rejected by a reset with its message id."""
    datagram = of_kind(CON, FORMAT_ERRORS[name])
    seen = told(Stand(tmp_path), one_exchange(datagram))

    assert seen == Seen(RST, "0.00", int.from_bytes(datagram[2:4], "big"), b"", None)


@pytest.mark.parametrize("kind", [NON, ACK, RST])
def test_a_non_confirmable_format_error_is_ignored(tmp_path: Path, kind: int) -> None:
    """What breaks the format and waits for nothing is not answered."""
    stand = Stand(tmp_path)

    def act(port: int) -> Seen:
        with device(port) as one:
            for datagram in FORMAT_ERRORS.values():
                one.send(of_kind(kind, datagram))
            return exchange(one, request(0xEEEE, token=b"\xee"))

    assert told(stand, act) == AFTER_SILENCE
    assert stand.counters.read()["malformed"] == len(FORMAT_ERRORS)


@pytest.mark.parametrize("size", range(9))
def test_a_token_of_any_length_is_said_again(tmp_path: Path, size: int) -> None:
    """Tokens of none to eight bytes come back as they were sent."""
    token = bytes(range(0xF0, 0xF0 + size))

    assert told(Stand(tmp_path), one_exchange(request(1, token=token))) == Seen(ACK, "2.04", 1, token, None)


def test_an_answer_rides_on_the_acknowledgement(tmp_path: Path) -> None:
    """A confirmable uplink has one acknowledgement, with the answer in it."""
    assert told(Stand(tmp_path), one_exchange(uplink())) == Seen(ACK, "2.04", 1, b"t", None)


def test_a_ping_is_reset(tmp_path: Path) -> None:
    """An empty confirmable message is answered by a reset."""
    assert told(Stand(tmp_path), one_exchange(b"\x40\x00\x12\x34")) == Seen(RST, "0.00", 0x1234, b"", None)


@pytest.mark.parametrize("kind", [NON, ACK, RST])
def test_what_belongs_to_nothing_is_ignored(tmp_path: Path, kind: int) -> None:
    """Empty acknowledgements and resets of nothing, and empty non-confirmable messages, are not answered."""
    assert told(Stand(tmp_path), silent(of_kind(kind, b"\x00\x00\x12\x34"))) == AFTER_SILENCE


@pytest.mark.parametrize("kind", [ACK, RST])
def test_a_request_that_says_it_is_an_acknowledgement_is_ignored(tmp_path: Path, kind: int) -> None:
    """Neither kept nor answered."""
    stand = Stand(tmp_path)

    assert told(stand, silent(uplink(kind=kind))) == AFTER_SILENCE
    assert len(kept_rows(stand.home.journal)) == 1


def test_a_confirmable_response_to_nothing_is_reset(tmp_path: Path) -> None:
    """A response that nobody waits for is rejected."""
    datagram = b"\x41\x45\x12\x34t\xffhello"

    assert told(Stand(tmp_path), one_exchange(datagram)) == Seen(RST, "0.00", 0x1234, b"", None)


def test_answers_to_non_confirmable_requests_have_ids_of_their_own(tmp_path: Path) -> None:
    """Answers by the datapath and by aiocoap do not share a message id."""

    def act(port: int) -> list[int]:
        with device(port) as one:
            links = [request(n, b"", kind=NON, path=DISCOVERY, code=GET) for n in range(10)]
            uplinks = [request(n, kind=NON) for n in range(10, 20)]
            sent = chain.from_iterable(zip(links, uplinks, strict=True))
            return [exchange(one, datagram).message_id for datagram in sent]

    ids = told(Stand(tmp_path), act)
    assert isinstance(ids, list)
    assert len(set(ids)) == 20


def test_a_confirmable_message_again_has_the_same_answer(tmp_path: Path) -> None:
    """Three copies have three equal answers and one row."""
    stand = Stand(tmp_path)

    def act(port: int) -> list[Seen]:
        with device(port) as one:
            return [exchange(one, uplink()) for _ in range(3)]

    assert told(stand, act) == [Seen(ACK, "2.04", 1, b"t", None)] * 3
    assert len(kept_rows(stand.home.journal)) == 1


def test_a_non_confirmable_message_again_is_ignored(tmp_path: Path) -> None:
    """The second copy has neither answer nor row."""
    stand = Stand(tmp_path)

    def act(port: int) -> list[str]:
        with device(port) as one:
            first = exchange(one, uplink(kind=NON))
            one.send(uplink(kind=NON))
            return [first.code, exchange(one, request(0xEEEE, token=b"\xee")).code]

    assert told(stand, act) == ["2.04", "2.04"]
    assert len(kept_rows(stand.home.journal)) == 2


def test_message_ids_belong_to_an_endpoint(tmp_path: Path) -> None:
    """The same datagram from two ports is two frames."""
    stand = Stand(tmp_path)

    def act(port: int) -> list[str]:
        with device(port) as one, device(port) as other:
            return [exchange(each, uplink()).code for each in (one, other)]

    assert told(stand, act) == ["2.04", "2.04"]
    assert len(kept_rows(stand.home.journal)) == 2


@pytest.mark.parametrize(("kind", "answered"), [(CON, ACK), (NON, NON)])
def test_a_message_that_is_too_long_is_told_so(tmp_path: Path, kind: int, answered: int) -> None:
    """A payload over the limit, and a datagram that no row holds, are 4.13."""
    for n, size in enumerate((65, 3000)):
        seen = told(Stand(tmp_path / str(n)), one_exchange(request(1, bytes(size), kind=kind)))
        assert isinstance(seen, Seen)
        assert (seen.kind, seen.code) == (answered, "4.13")


def test_a_non_confirmable_request_has_a_non_confirmable_answer(tmp_path: Path) -> None:
    """The answer is a message of its own, with the request's token."""
    seen = told(Stand(tmp_path), one_exchange(uplink(kind=NON)))

    assert isinstance(seen, Seen)
    assert (seen.kind, seen.code, seen.token) == (NON, "2.04", b"t")


@pytest.mark.parametrize("options", [b"\x21\x01", b"\x63abc", b"\x60\x00", b"\xd1\x0dx"])
def test_a_critical_option_that_cannot_be_heeded_is_refused(tmp_path: Path, options: bytes) -> None:
    """Options 13 and 37, an Accept too long and one twice: 4.02 on a CON, silence on a NON."""
    stand = Stand(tmp_path)

    def act(port: int) -> list[Seen]:
        with device(port) as one:
            refused = exchange(one, uplink(options))
            one.send(uplink(options, kind=NON, message_id=2))
            return [refused, exchange(one, request(0xEEEE, token=b"\xee"))]

    assert told(stand, act) == [Seen(ACK, "4.02", 1, b"t", None), AFTER_SILENCE]
    assert len(kept_rows(stand.home.journal)) == 1


@pytest.mark.parametrize("options", [b"\x15abcde", b"\x31\x01", b"\xe1\x07\xce\x01"])
def test_an_elective_option_is_passed_over(tmp_path: Path, options: bytes) -> None:
    """A Content-Format too long, option 14 and option 2278 change nothing."""
    assert told(Stand(tmp_path), one_exchange(uplink(options))) == Seen(ACK, "2.04", 1, b"t", None)


@pytest.mark.parametrize(
    "datagram",
    [
        b"\x41\x02\x00\x01t\x39localhost\x42\x16\x33\x42nb\x05bay-1\x02up\xff" + OCCUPIED,
        uplink(b"\x12\x00\x32"),
        uplink(b"\x43a=b\x03c=d"),
        uplink(b"\x61\x32"),
    ],
)
def test_options_of_a_request_that_change_nothing(tmp_path: Path, datagram: bytes) -> None:
    """Host and port, content format, queries and Accept leave an uplink an uplink."""
    stand = Stand(tmp_path)

    assert told(stand, one_exchange(datagram)) == Seen(ACK, "2.04", 1, b"t", None)
    assert [row["payload"] for row in kept_rows(stand.home.journal)] == [OCCUPIED]


@pytest.mark.parametrize("options", [PROXY_URI, PROXY_SCHEME])
def test_a_proxy_is_not_to_be_had(tmp_path: Path, options: bytes) -> None:
    """Requests to go elsewhere are 5.05, and nothing of them is kept."""
    stand = Stand(tmp_path)

    assert told(stand, one_exchange(uplink(options))) == Seen(ACK, "5.05", 1, b"t", None)
    assert kept_rows(stand.home.journal) == []


@pytest.mark.parametrize("code", [1, 4, 5, 6, 7])
def test_another_method_is_not_allowed(tmp_path: Path, code: int) -> None:
    """GET, DELETE, FETCH, PATCH and iPATCH of an uplink's path are 4.05."""
    assert told(Stand(tmp_path), one_exchange(request(1, code=code))) == Seen(ACK, "4.05", 1, b"\x01", None)


def test_another_path_is_not_found(tmp_path: Path) -> None:
    """A POST elsewhere is 4.04."""
    seen = told(Stand(tmp_path), one_exchange(request(1, path=("nb", "bay-1", "down"))))

    assert seen == Seen(ACK, "4.04", 1, b"\x01", None)


def raw(datagram: bytes) -> Callable[[int], bytes]:
    """Give the act of a device that sends a datagram and takes the answer as bytes."""

    def act(port: int) -> bytes:
        with device(port) as one:
            one.send(datagram)
            return one.recv(2048)

    return act


def test_discovery_gives_links(tmp_path: Path) -> None:
    """GET of .well-known/core is 2.05 in application/link-format (40)."""
    answer = told(Stand(tmp_path), raw(request(1, b"", path=DISCOVERY, code=GET)))

    assert isinstance(answer, bytes)
    assert (read(answer).code, b"\x11\x28" in answer or b"\xc1\x28" in answer) == ("2.05", True)
    assert b"</.well-known/core>" in answer


def test_observing_what_cannot_be_observed_is_a_plain_request(tmp_path: Path) -> None:
    """The answer to a GET with Observe has no Observe option (6)."""
    observing = b"\x41\x01\x00\x01t\x60\x5b.well-known\x04core"
    plain = told(Stand(tmp_path / "a"), raw(b"\x41\x01\x00\x01t\xbb.well-known\x04core"))
    answer = told(Stand(tmp_path / "b"), raw(observing))

    assert answer == plain


def fate(destination: str) -> Fate:
    """Give what becomes of an uplink that was sent to an address."""
    pktinfo = np.zeros((1, PKTINFO_SPACE), np.uint8)
    pktinfo[0, 16:32] = np.frombuffer(socket.inet_pton(socket.AF_INET6, destination), np.uint8)
    sources = np.zeros((1, SOURCE_BYTES), np.uint8)
    sources[0, 8:24] = np.frombuffer(socket.inet_pton(socket.AF_INET6, "::ffff:127.0.0.1"), np.uint8)
    content = np.frombuffer(uplink().ljust(64, b"\0"), np.uint8)[None].copy()
    taken = Datagrams(content, np.array([len(uplink())]), np.zeros(1, np.bool_), sources, pktinfo)
    return Fate(sort(taken, Networks(TRUST.networks), PathColumns(TEMPLATE)).fates[0])


def test_what_is_sent_to_a_group_is_ignored() -> None:
    """A request whose destination was a group's address is nothing for us; one to our own is an uplink."""
    fates = [fate(to) for to in ("::ffff:127.0.0.1", "::ffff:224.0.1.187", "ff02::fd", "fe80::1")]

    assert fates == [Fate.UPLINK, Fate.STRANGER, Fate.STRANGER, Fate.UPLINK]


AMPLIFYING = [
    request(1, b"", token=b""),
    request(1, b"", token=bytes(8)),
    b"\x40\x00\x12\x34",
    b"\x40\x01\x00\x01",
    b"\x40\x02\x00\x01",
    b"\x40\x21\x00\x01",
    request(1, b"", path=DISCOVERY, code=GET, token=b""),
    request(1, b"", path=DISCOVERY, code=GET, token=bytes(8)),
    request(1, b"", path=("x",), token=b""),
    uplink(b"\x21\x01"),
    uplink(PROXY_SCHEME),
]


@pytest.mark.parametrize("fault", [None, OSError(28, "No space left on device")])
@pytest.mark.parametrize("datagram", AMPLIFYING)
def test_no_answer_is_longer_than_three_times_its_request(
    tmp_path: Path, datagram: bytes, fault: OSError | None
) -> None:
    """Whatever is asked, and whatever the journal does."""
    stand = Stand(tmp_path)
    stand.journal.fault = fault
    answer = told(stand, raw(datagram))

    assert isinstance(answer, bytes)
    assert len(answer) <= 3 * len(datagram)


@pytest.mark.parametrize("limits", [Limits.of(1 / 60, 0.0), Limits.of(0.0, 1 / 60)])
def test_who_sends_too_fast_is_told_when_to_come_again(tmp_path: Path, limits: Limits) -> None:
    """Beyond the allowance of a device or an address: 4.29 with Max-Age; what was kept is told so again."""
    stand = Stand(tmp_path)

    def act(port: int) -> list[Seen]:
        with device(port) as one:
            return [exchange(one, uplink(message_id=n)) for n in (1, 2, 1)]

    async def scenario() -> object:
        async with listening(stand, limits=limits) as server:
            return await asyncio.to_thread(act, server.port)

    kept, kept_again = (Seen(ACK, "2.04", 1, b"t", None) for _ in range(2))
    assert asyncio.run(scenario()) == [kept, Seen(ACK, "4.29", 2, b"t", RETRY_AFTER_S), kept_again]
    assert (stand.counters.read()["too_fast"], len(kept_rows(stand.home.journal))) == (1, 1)


def test_what_cannot_be_kept_is_to_come_again_later(tmp_path: Path) -> None:
    """While the journal cannot keep, the answer is 5.03 with Max-Age."""
    stand = Stand(tmp_path)
    stand.journal.fault = OSError(28, "No space left on device")

    assert told(stand, one_exchange(uplink())) == Seen(ACK, "5.03", 1, b"t", RETRY_AFTER_S)


def test_every_row_names_a_test_that_there_is() -> None:
    """The page's tests are functions of the files that it names."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "`test_" in line]
    named = [re.search(r"\| (?:(test_\w+\.py): )?`(test_\w+)` \|$", row) for row in rows]
    found = [match and (match[1] or Path(__file__).name, match[2]) for match in named]

    lacking = [each for each in found if not each or f"def {each[1]}(" not in (TESTS / each[0]).read_text()]
    assert (lacking, len(rows) > 30) == ([], True)
