"""The connection to a broker that behaves in ways of its own, byte by byte."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from mqtt_scripted import CONNACK, CONNACK_SESSION, TAKEN_OVER, Scripted, publish, scripted, suback
from mqtt_stand import Listening, attached, settings_of, until
from narrowgate_gateway import mqtt_connection

UP = "nb/bay-1/up"
T = TypeVar("T")


def together(home: Path, talk: Callable[[Scripted, Listening], Awaitable[T]], **changes: object) -> T:
    """Run a talk between a scripted broker and a listener."""

    async def main() -> T:
        async with scripted() as broker, attached(home, settings_of(broker, **changes)) as one:
            return await talk(broker, one)

    return asyncio.run(main())


def test_an_acknowledgement_of_a_former_connection_is_never_sent(tmp_path: Path) -> None:
    """A message whose connection broke during its sync is acknowledged only when it is offered again."""

    async def talk(broker: Scripted, one: Listening) -> tuple[int, list[bytes]]:
        first = await broker.visit()
        await first.subscribed()
        one.stand.journal.gate.clear()
        first.say(publish(UP, b"a", 7))
        await one.stand.held()
        first.cut()
        one.stand.journal.gate.set()
        second = await broker.visit()
        await second.subscribed(CONNACK_SESSION)
        second.say(publish(UP, b"b", 8))
        return await second.puback(), one.payloads

    assert together(tmp_path, talk) == (8, [b"a", b"b"])


def test_a_message_offered_again_is_acknowledged_and_kept_once(tmp_path: Path) -> None:
    """The same bytes under the same identifier with DUP are the message whose acknowledgement was lost."""

    async def talk(broker: Scripted, one: Listening) -> tuple[list[int], list[bytes], int]:
        first = await broker.visit()
        await first.subscribed()
        first.say(publish(UP, b"a", 7))
        acknowledged = [await first.puback()]
        first.cut()
        second = await broker.visit()
        await second.subscribed(CONNACK_SESSION)
        second.say(publish(UP, b"a", 7, dup=True))
        acknowledged.append(await second.puback())
        return acknowledged, one.payloads, one.count("duplicate")

    assert together(tmp_path, talk) == ([7, 7], [b"a"], 1)


def test_a_reused_identifier_is_a_new_message(tmp_path: Path) -> None:
    """Without DUP the same bytes under the same identifier are another message of the device."""

    async def talk(broker: Scripted, one: Listening) -> tuple[list[int], list[bytes]]:
        visit = await broker.visit()
        await visit.subscribed()
        acknowledged = []
        for _ in range(3):
            visit.say(publish(UP, b"a", 1))
            acknowledged.append(await visit.puback())
        return acknowledged, one.payloads

    assert together(tmp_path, talk) == ([1, 1, 1], [b"a"] * 3)


def test_a_message_marked_as_repeated_that_nobody_has_is_kept(tmp_path: Path) -> None:
    """DUP says that the broker tried before, not that the gateway heard it."""

    async def talk(broker: Scripted, one: Listening) -> tuple[int, list[tuple[bytes, bool]]]:
        visit = await broker.visit()
        await visit.subscribed(CONNACK_SESSION)
        visit.say(publish(UP, b"a", 7, dup=True))
        return await visit.puback(), [(row["payload"], row["dup"]) for row in one.rows]

    assert together(tmp_path, talk) == (7, [(b"a", True)])


def test_a_new_session_repeats_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A broker that forgot the session begins its identifiers anew: nothing is taken for a repeat."""

    async def talk(broker: Scripted, one: Listening) -> list[bytes]:
        for connack, dup in ((CONNACK, False), (CONNACK, True)):
            visit = await broker.visit()
            await visit.subscribed(connack)
            visit.say(publish(UP, b"a", 7, dup=dup))
            await visit.puback()
            visit.cut()
        return one.payloads

    assert together(tmp_path, talk) == [b"a", b"a"]
    assert [m for m in caplog.messages if "forgotten the session" in m] != []


def test_whoever_is_thrown_out_by_its_own_name_comes_back_late(tmp_path: Path) -> None:
    """Another client under the same client_id is said, and starts no quarrel: the longest pause follows."""

    async def talk(broker: Scripted, one: Listening) -> tuple[str, int]:
        visit = await broker.visit()
        await visit.subscribed()
        visit.say(TAKEN_OVER)
        await until(lambda: one.listener.status["state"] == "refused")
        return one.listener.status["detail"], broker.visits

    told = together(tmp_path, talk, retry_max_s=3600)

    assert told == ("Session taken over: another client uses this client_id", 1)


def test_a_resumed_sessions_flood_comes_before_the_subscriptions_answer(tmp_path: Path) -> None:
    """A broker that sends more than may be in flight, before it answers, is served all the same."""

    async def talk(broker: Scripted, one: Listening) -> tuple[int, str]:
        visit = await broker.visit()
        await visit.packet()
        visit.say(CONNACK_SESSION, *(publish(UP, b"a", mid) for mid in range(1, 201)))
        visit.say(suback(await visit.packet()))
        acknowledged = [await visit.puback() for _ in range(200)]
        await one.until_connected()
        return len(set(acknowledged)), one.listener.status["state"]

    assert together(tmp_path, talk, max_in_flight=10) == (200, "connected")


@pytest.mark.parametrize(
    ("reason", "words"),
    [(0, "it grants QoS 0 only"), (0x87, "it refuses the subscription to nb/{device}/up: Not authorized")],
    ids=["QoS 0", "refused"],
)
def test_a_subscription_that_would_lose_messages_is_not_used(tmp_path: Path, reason: int, words: str) -> None:
    """A broker that grants less than QoS 1, or nothing, is a refusal that is said."""

    async def talk(broker: Scripted, one: Listening) -> tuple[str, str]:
        visit = await broker.visit()
        await visit.packet()
        visit.say(CONNACK)
        visit.say(suback(await visit.packet(), reason))
        await until(lambda: one.listener.status["state"] == "refused")
        return one.listener.status["state"], one.listener.status["detail"]

    state, detail = together(tmp_path, talk, retry_max_s=3600)

    assert state == "refused"
    assert detail.startswith(words)


@pytest.mark.parametrize(
    "bytes_said",
    [
        bytes(64),
        b"\xff" * 64,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        CONNACK + b"\x32\x03\x00\x09a",
        CONNACK + b"\x90\x02\x00\x01",
        CONNACK + b"\x32\xff\xff\xff\xff\x7f",
    ],
    ids=["zeros", "ones", "http", "cut topic", "empty suback", "endless length"],
)
def test_a_broker_that_talks_nonsense_loses_its_connection_only(
    tmp_path: Path, bytes_said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After nonsense the listener comes again, and takes messages when sense is talked."""
    if bytes_said.startswith(b"HTTP"):  # to MQTT the beginning of a long packet, whose rest is waited for
        monkeypatch.setattr(mqtt_connection, "CONNECT_TIMEOUT_S", 1.0)

    async def talk(broker: Scripted, one: Listening) -> list[bytes]:
        visit = await broker.visit()
        visit.say(bytes_said)
        await until(lambda: one.listener.status["state"] != "connecting")
        monkeypatch.undo()
        visit.cut()
        again = await broker.visit()
        await again.subscribed()
        again.say(publish(UP, b"a", 7))
        await again.puback()
        return one.payloads

    assert together(tmp_path, talk) == [b"a"]


def test_a_topic_that_is_no_text_is_refused_for_good(tmp_path: Path) -> None:
    """A topic of bytes that are not UTF-8 is acknowledged and counted."""

    async def talk(broker: Scripted, one: Listening) -> tuple[int, int]:
        visit = await broker.visit()
        await visit.subscribed()
        visit.say(publish(UP, b"a", 7).replace(b"bay-1", b"bay-\xff"))
        return await visit.puback(), one.count("unknown_sender")

    assert together(tmp_path, talk) == (7, 1)


def test_an_answer_that_never_comes_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that takes the connection and says nothing is left after a time, which is said."""
    monkeypatch.setattr(mqtt_connection, "CONNECT_TIMEOUT_S", 1.0)

    async def talk(broker: Scripted, one: Listening) -> str:
        await broker.visit()
        await until(lambda: one.listener.status["state"] == "unreachable")
        return one.listener.status["detail"]

    assert together(tmp_path, talk, retry_max_s=3600) == "no answer within 1 s"
