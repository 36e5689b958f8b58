"""The CoAP listener on a real socket: every answer, block-wise uploads, and what no device sends."""

import asyncio
import errno
import random
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiocoap
import pytest
from aiocoap import GET, POST, PUT, Code, Message

from coap_stand import STRANGERS, TEMPLATE, listening, one_exchange, told
from coap_wire import ACK, CON, NON, RST, Seen, device, exchange, read, request
from gateway_door import TRUST, Stand
from gateway_home import OCCUPIED, kept_rows
from narrowgate_gateway import coap_datagrams, coap_datapath
from narrowgate_gateway.coap import CoapServer
from narrowgate_gateway.coap_answers import RETRY_AFTER_S
from narrowgate_gateway.coap_datagrams import receive_many
from narrowgate_gateway.coap_socket import RECEIVE_BUFFER_BYTES
from narrowgate_gateway.door import Trust

ROOMY = Trust("coap", "", TRUST.networks, 4000)


def requested(
    stand: Stand, act: Callable[[aiocoap.Context, str], Awaitable[object]], trust: Trust = TRUST
) -> object:
    """Let aiocoap's client act against a listener."""

    async def scenario() -> object:
        async with listening(stand, trust) as server:
            client = await aiocoap.Context.create_client_context(transports=["udp6"])
            try:
                return await act(client, f"coap://127.0.0.1:{server.port}")
            finally:
                await client.shutdown()

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("datagram", "code"),
    [
        (request(1), "2.04"),
        (request(2, code=3), "2.04"),
        (request(3, path=("nb", "nobody", "up")), "2.04"),
        (request(4, path=("nb", "suspended-1", "up")), "4.03"),
        (request(5, path=("nb", "retired-1", "up")), "4.03"),
        (request(6, path=("elsewhere",)), "4.04"),
        (request(7, path=("nb", "bay\x07", "up")), "4.04"),
        (request(8, code=1), "4.05"),
        (request(9, code=4), "4.05"),
        (request(10, payload=bytes(65)), "4.13"),
        (request(11, payload=bytes(2000)), "4.13"),
    ],
)
def test_a_request_has_the_answer_that_transport_facts_give(
    tmp_path: Path, datagram: bytes, code: str
) -> None:
    """The answer comes on the acknowledgement, with the request's message id and token."""
    seen = told(Stand(tmp_path), one_exchange(datagram))

    assert seen == Seen(ACK, code, int.from_bytes(datagram[2:4], "big"), b"\x01", None)


def test_a_stranger_is_forbidden(tmp_path: Path) -> None:
    """A source outside the listed networks is told 4.03, and nothing of it is kept."""
    stand = Stand(tmp_path)
    seen = told(stand, one_exchange(request(1)), STRANGERS)

    assert isinstance(seen, Seen)
    assert seen.code == "4.03"
    assert kept_rows(stand.home.journal) == []


def test_a_non_confirmable_uplink_is_kept_and_answered(tmp_path: Path) -> None:
    """A NON request is kept, and its answer is a NON too."""
    stand = Stand(tmp_path)
    seen = told(stand, one_exchange(request(1, kind=NON)))

    assert isinstance(seen, Seen)
    assert (seen.kind, seen.code) == (NON, "2.04")
    assert stand.counters.read()["unacknowledged"] == 1


def test_ipv6_and_ipv4_share_a_listener(tmp_path: Path) -> None:
    """A listener on :: takes both; the journal has an IPv4 sender as IPv4."""
    stand = Stand(tmp_path)

    def both(port: int) -> list[str]:
        return [one_exchange(request(1), host)(port).code for host in ("::1", "127.0.0.1")]

    assert told(stand, both, host="::") == ["2.04", "2.04"]
    hosts = [row["endpoint"].rpartition(":")[0] for row in kept_rows(stand.home.journal)]
    assert hosts == ["[::1]", "127.0.0.1"]


def test_a_ping_is_answered(tmp_path: Path) -> None:
    """An empty confirmable message is reset, as the protocol says."""
    seen = told(Stand(tmp_path), one_exchange(b"\x40\x00\x12\x34"))

    assert seen == Seen(RST, "0.00", 0x1234, b"", None)


def test_a_repeated_message_has_the_same_answer_and_is_counted(tmp_path: Path) -> None:
    """The same datagram again is answered again, kept once, and counted as a duplicate."""
    stand = Stand(tmp_path)

    def twice(port: int) -> list[Seen]:
        with device(port) as one:
            return [exchange(one, request(7)), exchange(one, request(7))]

    assert told(stand, twice) == [Seen(ACK, "2.04", 7, b"\x01", None)] * 2
    assert len(kept_rows(stand.home.journal)) == 1
    assert stand.counters.read()["duplicate"] == 1


def test_nothing_at_all_leaves_before_the_sync(tmp_path: Path) -> None:
    """While the disk holds the sync up, neither an answer nor an empty acknowledgement goes out."""
    stand = Stand(tmp_path)

    def watch(port: int) -> tuple[bool, Seen]:
        with device(port) as one:
            stand.journal.gate.clear()
            one.send(request(1))
            one.settimeout(0.5)
            one.send(request(1))
            try:
                one.recv(2048)
            except TimeoutError:
                was_silent = True
            else:
                was_silent = False
            one.settimeout(100.0)
            stand.journal.gate.set()
            return was_silent, read(one.recv(2048))

    assert told(stand, watch) == (True, Seen(ACK, "2.04", 1, b"\x01", None))


def test_what_cannot_be_kept_is_to_come_again(tmp_path: Path) -> None:
    """A frame that is not on disk is answered 5.03 with the time to wait."""
    stand = Stand(tmp_path)
    stand.journal.fault = OSError(28, "No space left on device")

    assert told(stand, one_exchange(request(1))) == Seen(ACK, "5.03", 1, b"\x01", RETRY_AFTER_S)


def test_answers_that_are_due_go_out_before_the_socket_closes(tmp_path: Path) -> None:
    """A listener that closes while a sync runs still answers what that sync keeps."""
    stand = Stand(tmp_path)

    async def scenario() -> Seen:
        async with stand.committing():
            server = await CoapServer.open("127.0.0.1", 0, TEMPLATE, TRUST, stand.door, lambda: stand.fleet)
            stand.journal.gate.clear()
            with device(server.port) as one:
                one.send(request(1))
                await stand.held()
                stand.committer.close()
                closing = asyncio.create_task(server.close())
                await asyncio.wait([closing], timeout=0.05)
                stand.journal.gate.set()
                await closing
                return read(one.recv(2048))

    assert asyncio.run(scenario()).code == "2.04"


@pytest.mark.parametrize(("size", "code"), [(3000, Code.CHANGED), (4000, Code.CHANGED), (4001, Code(0x8D))])
def test_block_wise_uploads_have_the_same_limit(tmp_path: Path, size: int, code: Code) -> None:
    """A payload in blocks is taken up to the listener's limit and answered 4.13 beyond it."""
    stand = Stand(tmp_path)
    payload = random.Random(size).randbytes(size)

    async def upload(client: aiocoap.Context, base: str) -> Code:
        answer = await client.request(Message(code=PUT, uri=f"{base}/nb/bay-1/up", payload=payload)).response
        return answer.code

    assert requested(stand, upload, ROOMY) == code
    assert [row["payload"] for row in kept_rows(stand.home.journal)] == [payload] * (size <= 4000)


def test_a_strangers_blocks_are_not_assembled(tmp_path: Path) -> None:
    """The first block of a source outside the listed networks is refused: nothing of it stays in memory."""

    async def upload(client: aiocoap.Context, base: str) -> Code:
        message = Message(code=POST, uri=f"{base}/nb/bay-1/up", payload=bytes(3000))
        return (await client.request(message).response).code

    assert requested(Stand(tmp_path), upload, STRANGERS) == Code.FORBIDDEN


def test_discovery_is_answered(tmp_path: Path) -> None:
    """GET .well-known/core gives a link list."""

    async def discover(client: aiocoap.Context, base: str) -> tuple[Code, bool]:
        answer = await client.request(Message(code=GET, uri=f"{base}/.well-known/core")).response
        return answer.code, b".well-known/core" in answer.payload

    assert requested(Stand(tmp_path), discover) == (Code.CONTENT, True)


def test_a_datagram_of_64_kilobytes_is_too_large(tmp_path: Path) -> None:
    """The longest datagram there is is read whole and answered 4.13, not cut to something that fits."""
    datagram = request(1, payload=bytes(65_000))

    assert told(Stand(tmp_path), one_exchange(datagram), ROOMY) == Seen(ACK, "4.13", 1, b"\x01", None)


def test_a_large_frame_is_kept_whole(tmp_path: Path) -> None:
    """Where a listener takes large payloads, one datagram of 60 000 bytes is kept to the last byte."""
    stand, payload = Stand(tmp_path), random.Random(1).randbytes(60_000)
    seen = told(stand, one_exchange(request(1, payload)), Trust("coap", "", TRUST.networks, 65_000))

    assert isinstance(seen, Seen)
    assert seen.code == "2.04"
    assert [row["payload"] for row in kept_rows(stand.home.journal)] == [payload]


def test_the_kernel_is_asked_for_a_large_buffer(tmp_path: Path) -> None:
    """The socket has no less than the kernel grants to any that asks for room for a quarter of a second."""

    async def granted() -> tuple[int, int]:
        async with listening(Stand(tmp_path)) as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
                return server.receive_buffer_bytes, plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    ours, possible = asyncio.run(granted())

    assert ours >= possible > 0


def hostile(seed: int, n: int) -> list[bytes]:
    """Draw datagrams: noise, and requests with bytes changed, cut or added."""
    rng, good, drawn = random.Random(seed), request(0, OCCUPIED * 3), []
    for _ in range(n):
        noise = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            noise[rng.randrange(len(noise))] = rng.randrange(256)
        kinds = (rng.randbytes(rng.randint(0, 200)), bytes(noise), good[: rng.randint(0, len(good))])
        drawn.append(rng.choice(kinds))
    return drawn


def test_ten_thousand_hostile_datagrams_harm_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """After noise of every kind an honest device is answered, and what was kept is as long as it was sent."""
    stand = Stand(tmp_path)

    def flood(port: int) -> list[str]:
        codes = []
        with device(port) as stranger, device(port) as honest:
            for n, datagram in enumerate(hostile(1, 10_000)):
                stranger.send(datagram)
                if n % 100 == 99:
                    codes.append(exchange(honest, request(n, token=b"\x99")).code)
        return codes

    assert told(stand, flood) == ["2.04"] * 100
    assert all(len(row["payload"]) <= TRUST.max_payload_bytes for row in kept_rows(stand.home.journal))
    assert "Traceback" not in capfd.readouterr().err


def test_a_gap_between_blocks_is_no_fault_of_ours(tmp_path: Path) -> None:
    """A block that does not follow the one before is refused with a client error."""
    first, third = b"\xd1\x03\x08", b"\xd1\x03\x28"  # Block1 (27): number 0 and 2, more to come, 16 bytes

    def upload(port: int) -> list[str]:
        with device(port) as one:
            codes = []
            for message_id, block in enumerate((first, third)):
                head = request(message_id, b"")
                codes.append(exchange(one, head + block + b"\xff" + bytes(16)).code)
            return codes

    assert told(Stand(tmp_path), upload) == ["2.31", "4.08"]


def test_a_busy_address_is_refused(tmp_path: Path) -> None:
    """A second listener on a port is an OSError, not a share of its datagrams."""

    async def twice() -> None:
        stand = Stand(tmp_path)
        async with listening(stand) as server:
            await CoapServer.open("127.0.0.1", server.port, TEMPLATE, TRUST, stand.door, lambda: stand.fleet)

    with pytest.raises(OSError, match="Address already in use"):
        asyncio.run(twice())


def test_confirmable_is_what_a_device_asks(tmp_path: Path) -> None:
    """The journal says of each frame whether its device waits for an answer."""
    stand = Stand(tmp_path)
    told(stand, one_exchange(request(1, kind=CON)))

    assert [row["confirmable"] for row in kept_rows(stand.home.journal)] == [True]


def test_what_only_the_library_can_answer_has_a_share_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it requests are told to come slower, and uplinks are taken as ever."""
    monkeypatch.setattr(coap_datapath, "LIBRARY_PER_S", 1e-9)
    monkeypatch.setattr(coap_datapath, "LIBRARY_AT_ONCE", 2.0)

    def ask(port: int) -> list[str]:
        with device(port) as one:
            links = [request(number, b"", path=(".well-known", "core"), code=1) for number in range(4)]
            return [*(exchange(one, each).code for each in links), exchange(one, request(9)).code]

    assert told(Stand(tmp_path), ask) == ["2.05", "2.05", "4.29", "4.29", "2.04"]


@pytest.mark.parametrize("device_name", ["x" * 65, "bay\x07", "bäy\x07"])
def test_a_path_that_names_nobody_is_not_found(tmp_path: Path, device_name: str) -> None:
    """A name that is too long or cannot be printed is 4.04, and the library does not hear of it."""
    datagram = request(1, path=("nb", device_name, "up"))

    assert told(Stand(tmp_path), one_exchange(datagram)) == Seen(ACK, "4.04", 1, b"\x01", None)


def test_a_socket_that_cannot_be_read_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After two refusals of the kernel's the third attempt takes what waits, and the log says why."""
    refusals = iter([OSError(errno.ENOMEM, "Cannot allocate memory")] * 2)

    def receiving(descriptor: int, messages_at: int, most: int) -> int:
        if (error := next(refusals, None)) is not None:
            raise error
        return receive_many(descriptor, messages_at, most)

    monkeypatch.setattr(coap_datagrams, "receive_many", receiving)

    assert told(Stand(tmp_path), one_exchange(request(1))) == Seen(ACK, "2.04", 1, b"\x01", None)
    assert caplog.messages == ["a CoAP socket cannot be read (Cannot allocate memory): it is tried again"] * 2


def test_what_columns_tell_needs_no_look_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing may be looked at alone, pings, other paths and methods are answered; blocks are not."""
    monkeypatch.setattr(coap_datapath, "SINGLES_PER_S", 1e-9)
    monkeypatch.setattr(coap_datapath, "SINGLES_AT_ONCE", 0.0)
    monkeypatch.setattr(coap_datapath, "LIBRARY_AT_ONCE", 0.0)
    asked = {
        b"\x40\x00\x00\x01": "0.00",
        b"\x41\x45\x00\x02t\xffhello": "0.00",
        request(3, code=1): "4.05",
        request(4, path=("elsewhere",)): "4.04",
        request(5, path=("nb",) * 40): "4.04",
        request(6, path=("nb",) * 40, code=1): "4.05",
        request(7, b"") + b"\xd1\x03\x08\xff" + bytes(16): "4.29",
        request(8): "2.04",
    }

    def ask(port: int) -> list[str]:
        with device(port) as one:
            return [exchange(one, each).code for each in asked]

    assert told(Stand(tmp_path), ask) == list(asked.values())
