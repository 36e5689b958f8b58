"""The seam for a session layer: what peers prove is journalled, and answers go back sealed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from coap_stand import TEMPLATE
from coap_wire import GET, NON, device, read, request
from gateway_door import TRUST, Stand
from gateway_home import kept_rows
from narrowgate_gateway.coap import PLAIN, CoapServer
from narrowgate_gateway.coap_session import Session
from narrowgate_gateway.door import Trust
from sealed_session import SealedSession, opened, sealed

PROVED = replace(TRUST, wants_identity=True)
BAY, NOBODY, SUSPENDED, UNREGISTERED = range(1, 5)
BLOCK = b"\xd1\x03\x00"  # Block1 (27): the first and last


def session() -> SealedSession:
    """Give a session with four open connections."""
    return SealedSession({BAY: "bay-1", NOBODY: "", SUSPENDED: "suspended-1", UNREGISTERED: "bay-999"})


def answers(stand: Stand, datagrams: Sequence[bytes], between: Session, trust: Trust = PROVED) -> list[bytes]:
    """Send datagrams one after the other and give the answer to each."""

    def act(port: int) -> list[bytes]:
        told = []
        with device(port) as one:
            for datagram in datagrams:
                one.send(datagram)
                told.append(one.recv(2048))
        return told

    async def scenario() -> list[bytes]:
        async with stand.committing():
            server = await CoapServer.open(
                "127.0.0.1", 0, TEMPLATE, trust, stand.door, lambda: stand.fleet, session=between
            )
            try:
                return await asyncio.to_thread(act, server.port)
            finally:
                await server.close()

    return asyncio.run(scenario())


def test_what_a_peer_has_proved_is_journalled(tmp_path: Path) -> None:
    """Plain uplinks, those in blocks and those of other letters than ASCII have their sender's identity."""
    stand = Stand(tmp_path)
    messages = [
        request(1),
        request(2, b"") + BLOCK + b"\xff\x01",
        request(3, path=("nb", "straße", "up")),
        request(4, kind=NON),
    ]
    told = answers(stand, [sealed(BAY, message) for message in messages], session())

    assert [opened(datagram)[0] for datagram in told] == [BAY] * 4
    assert [read(opened(datagram)[1]).code for datagram in told] == ["2.04"] * 4
    assert [row["authenticated_as"] for row in kept_rows(stand.home.journal)] == ["bay-1"] * 4


@pytest.mark.parametrize(
    ("connection", "claimed", "code"),
    [
        (BAY, "bay-1", "2.04"),
        (BAY, "bay-2", "2.04"),  # kept under the identity that was proved; it counts for neither
        (NOBODY, "bay-1", "4.01"),
        (NOBODY, "suspended-1", "4.03"),
        (NOBODY, "never-heard-of", "4.03"),
        (SUSPENDED, "suspended-1", "4.03"),
        (SUSPENDED, "bay-1", "4.03"),
        (UNREGISTERED, "bay-1", "4.01"),
    ],
)
def test_where_identity_is_wanted_it_decides(
    tmp_path: Path, connection: int, claimed: str, code: str
) -> None:
    """A registered device that has proved nothing is told 4.01, a name that is nobody's 4.03."""
    stand = Stand(tmp_path)
    message = request(1, path=("nb", claimed, "up"))
    (told,) = answers(stand, [sealed(connection, message)], session())

    assert read(opened(told)[1]).code == code
    assert len(kept_rows(stand.home.journal)) == (code == "2.04")


def test_where_identity_is_not_wanted_the_network_is_enough(tmp_path: Path) -> None:
    """A peer that has proved nothing is taken from an allowed network, and nothing is said of who it is."""
    stand = Stand(tmp_path)
    (told,) = answers(stand, [sealed(NOBODY, request(1))], session(), TRUST)

    assert read(opened(told)[1]).code == "2.04"
    assert [row["authenticated_as"] for row in kept_rows(stand.home.journal)] == [None]


def test_without_a_session_nobody_proves_anything(tmp_path: Path) -> None:
    """A plain listener that wants identities asks every registered device for one."""
    stand = Stand(tmp_path)
    messages = [request(1), request(2, path=("nb", "bay-1", "up"), payload=b"") + BLOCK + b"\xff\x01"]

    assert [read(told).code for told in answers(stand, messages, PLAIN)] == ["4.01", "4.01"]
    assert stand.counters.read()["unknown_sender"] == 2


def test_what_is_of_no_connection_never_reaches_the_parser(tmp_path: Path) -> None:
    """Bare messages and unknown connections are the session's own business; what follows is answered."""
    stand, between = Stand(tmp_path), session()

    async def scenario() -> bytes:
        async with stand.committing():
            server = await CoapServer.open(
                "127.0.0.1", 0, TEMPLATE, PROVED, stand.door, lambda: stand.fleet, session=between
            )
            with device(server.port) as one:
                for stray in (request(1), sealed(77, request(2)), b"\xc1"):
                    one.send(stray)
                one.send(sealed(BAY, request(3)))
                told = await asyncio.to_thread(one.recv, 2048)
            await server.close()
            return told

    assert read(opened(asyncio.run(scenario()))[1]).message_id == 3
    assert between.strays == 3
    assert stand.counters.read()["malformed"] == 0


def test_all_kinds_of_answers_are_sealed(tmp_path: Path) -> None:
    """Resets, refusals and what the library answers leave as messages of the connection."""
    asked = [b"\x40\x00\x12\x34", request(2, code=GET), request(3, bytes(65)), b"\x41\x02\x00\x04"]
    told = answers(Stand(tmp_path), [sealed(BAY, message) for message in asked], session())

    assert [read(opened(datagram)[1]).code for datagram in told] == ["0.00", "4.05", "4.13", "0.00"]
