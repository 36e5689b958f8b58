"""Messages from a real Mosquitto into a real journal."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_door import Stand
from gateway_home import OCCUPIED
from mosquitto import Mosquitto, Publisher
from mqtt_stand import attached, listening, settings_of, until

UP = "nb/bay-1/up"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker without TLS and passwords."""
    one = Mosquitto(tmp_path / "broker").start()
    yield one
    one.stop()


@pytest.fixture
def publisher(broker: Mosquitto) -> Iterator[Publisher]:
    """A publisher at the broker."""
    one = Publisher(broker)
    yield one
    one.close()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_message_is_journalled_with_what_its_topic_says(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher, version: str
) -> None:
    """The topic gives device and port; the endpoint is the broker, the message id the broker's."""

    async def main() -> dict[str, object]:
        settings = settings_of(broker, version=version, topic="nb/{device}/{port}/up", tenant="north")
        async with attached(tmp_path / "home", settings) as one:
            await one.until_connected()
            publisher.send("nb/bay-1/7/up", OCCUPIED)
            await one.until_kept(1)
            return one.rows[0]

    row = asyncio.run(main())
    told = ("transport", "listener", "path", "port", "claimed_device", "tenant", "endpoint", "payload")

    assert [row[name] for name in told] == [
        *("mqtt", "mqtt", "nb/bay-1/7/up", 7, "bay-1", "north"),
        *(f"127.0.0.1:{broker.port}", OCCUPIED),
    ]
    assert (row["confirmable"], row["dup"], row["message_id"]) == (True, False, 1)


def test_the_broker_holds_a_message_until_the_journal_has_synced_it(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher
) -> None:
    """While the sync is held, the broker has no acknowledgement: with one message in flight none follows."""

    async def main() -> tuple[list[int], list[int]]:
        settings = settings_of(broker, max_in_flight=1)
        async with attached(tmp_path / "home", settings) as one:
            await one.until_connected()
            one.stand.journal.gate.clear()
            publisher.until_acknowledged(*(publisher.send(UP, b"%d" % n) for n in range(3)))
            await one.stand.held()
            held = list(one.stand.journal.appended)
            one.stand.journal.gate.set()
            await one.until_kept(3)
            return held, one.stand.journal.appended

    assert asyncio.run(main()) == ([], [1, 1, 1])


def test_what_arrives_during_a_sync_is_taken_by_the_next(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher
) -> None:
    """One sync is held while a hundred messages come; one more sync keeps them all."""

    async def main() -> list[int]:
        async with attached(tmp_path / "home", settings_of(broker)) as one:
            await one.until_connected()
            one.stand.journal.gate.clear()
            publisher.send(UP, b"first")
            await one.stand.held()
            publisher.until_acknowledged(*(publisher.send(UP, b"%d" % n) for n in range(100)))
            await until(lambda: one.listener.unsettled == 101)
            one.stand.journal.gate.set()
            await one.until_kept(101)
            return one.stand.journal.appended

    assert asyncio.run(main()) == [1, 100]


def test_equal_messages_are_all_kept(tmp_path: Path, broker: Mosquitto, publisher: Publisher) -> None:
    """A device that says the same three times has said it three times."""

    async def main() -> list[bytes]:
        async with (
            Stand(tmp_path / "home").committing() as stand,
            listening(stand, settings_of(broker)) as one,
        ):
            await one.until_connected()
            for _ in range(3):
                publisher.until_acknowledged(publisher.send(UP, OCCUPIED))
            await one.until_kept(3)
            return one.payloads

    assert asyncio.run(main()) == [OCCUPIED] * 3


def test_a_message_without_acknowledgement_is_kept_and_counted(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher
) -> None:
    """QoS 0 is journalled without a message id and stands in the ledger as unacknowledged."""

    async def main() -> tuple[object, object, int]:
        async with (
            Stand(tmp_path / "home").committing() as stand,
            listening(stand, settings_of(broker)) as one,
        ):
            await one.until_connected()
            publisher.send(UP, OCCUPIED, qos=0)
            await until(lambda: one.count("unacknowledged") == 1)
            row = one.rows[0]
            return row["message_id"], row["confirmable"], one.count("unacknowledged")

    assert asyncio.run(main()) == (None, False, 1)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_retained_copy_is_counted_and_not_kept(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher, version: str
) -> None:
    """What the broker hands a new subscriber is old; the same topic's next message is kept."""

    async def main() -> tuple[list[bytes], int]:
        publisher.until_acknowledged(publisher.send(UP, b"old", retain=True))
        async with attached(tmp_path / "home", settings_of(broker, version=version)) as one:
            await until(lambda: one.count("retained") == 1)
            publisher.send(UP, b"new", retain=True)
            await one.until_kept(1)
            return one.payloads, one.count("retained")

    assert asyncio.run(main()) == ([b"new"], 1)


@pytest.mark.parametrize(
    ("topic", "payload", "counter"),
    [
        (UP, bytes(65), "too_large"),
        ("nb/suspended-1/up", OCCUPIED, "forbidden"),
        (f"nb/{'x' * 65}/up", OCCUPIED, "unknown_sender"),
    ],
    ids=["too large", "suspended", "no device"],
)
def test_what_is_refused_for_good_is_acknowledged_and_counted(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher, topic: str, payload: bytes, counter: str
) -> None:
    """With one message in flight a refused one does not stand in the way of the next."""

    async def main() -> tuple[list[bytes], int]:
        settings = settings_of(broker, max_in_flight=1)
        async with attached(tmp_path / "home", settings) as one:
            await one.until_connected()
            publisher.send(topic, payload)
            publisher.send(UP, b"good")
            await one.until_kept(1)
            return one.payloads, one.count(counter)

    assert asyncio.run(main()) == ([b"good"], 1)


def test_what_cannot_be_kept_stays_with_the_broker(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk costs nothing: the message is offered again until it is kept, once, and marked so."""

    async def main() -> list[tuple[bytes, bool]]:
        async with (
            Stand(tmp_path / "home").committing() as stand,
            listening(stand, settings_of(broker)) as one,
        ):
            await one.until_connected()
            one.stand.journal.fault = OSError(28, "No space left on device")
            publisher.until_acknowledged(publisher.send(UP, OCCUPIED))
            await until(lambda: one.count("cannot_keep") >= 3)
            one.stand.journal.fault = None
            await one.until_kept(1)
            publisher.until_acknowledged(publisher.send(UP, b"next"))
            await one.until_kept(2)
            return [(row["payload"], row["dup"]) for row in one.rows]

    assert asyncio.run(main()) == [(OCCUPIED, True), (b"next", False)]
    assert [m for m in caplog.messages if "cannot keep; the broker holds" in m] != []


def test_no_more_is_taken_than_may_be_in_flight(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher
) -> None:
    """With the journal stuck, messages wait at the broker, those without acknowledgement in its socket."""

    async def main() -> tuple[int, int]:
        settings = settings_of(broker, max_in_flight=10)
        async with attached(tmp_path / "home", settings) as one:
            await one.until_connected()
            one.stand.journal.gate.clear()
            for n in range(500):
                publisher.send(UP, b"%d" % n, qos=0)
            publisher.until_acknowledged(*(publisher.send(UP, b"%d" % n) for n in range(500)))
            await one.stand.held()
            await until(lambda: one.listener.unsettled > 10)
            most = one.listener.unsettled
            one.stand.journal.gate.set()
            await one.until_kept(1000)
            return most, len(set(one.payloads))

    assert asyncio.run(main()) == (11, 500)


def test_messages_that_came_while_nobody_listened_are_kept(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher
) -> None:
    """The session outlives the gateway: what is published meanwhile is delivered at its return."""

    async def main() -> list[bytes]:
        async with Stand(tmp_path / "home").committing() as stand:
            async with listening(stand, settings_of(broker)) as one:
                await one.until_connected()
            publisher.until_acknowledged(*(publisher.send(UP, b"%d" % n) for n in range(5)))
            async with listening(stand, settings_of(broker)) as one:
                await one.until_kept(5)
                return one.payloads

    assert asyncio.run(main()) == [b"0", b"1", b"2", b"3", b"4"]
