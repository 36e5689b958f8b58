"""What is known of messages that a broker may offer again."""

from pathlib import Path

import pyarrow as pa
import pytest

from narrowgate_gateway.mqtt_redelivery import READ_FOR_CERTAIN_S, RECENT_US, Redeliveries, remembered
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind, on_disk_schema
from uplinks import tick_batch, uplink_batch

TOPIC = "nb/bay-1/up"


def test_a_kept_message_is_known_by_identifier_topic_and_bytes() -> None:
    """Any difference makes it another message."""
    memory = Redeliveries(10)
    memory.keep(1, TOPIC, b"a")

    known = [memory.knows(1, TOPIC, b"a"), memory.knows(2, TOPIC, b"a")]
    known += [memory.knows(1, "nb/bay-2/up", b"a"), memory.knows(1, TOPIC, b"b")]

    assert known == [True, False, False, False]


def test_topic_and_bytes_do_not_run_into_each_other() -> None:
    """A byte moved from the topic's end to the payload's front makes another message."""
    memory = Redeliveries(10)
    memory.keep(1, "nb/a", b"bc")

    assert not memory.knows(1, "nb/ab", b"c")


def test_a_reused_identifier_forgets_its_former_message() -> None:
    """An identifier stands for the last message kept under it."""
    memory = Redeliveries(10)
    memory.keep(1, TOPIC, b"a")
    memory.keep(1, TOPIC, b"b")

    assert [memory.knows(1, TOPIC, payload) for payload in (b"a", b"b")] == [False, True]


def test_the_memory_is_bounded_and_gives_up_the_oldest() -> None:
    """Only as many messages are remembered as may be unacknowledged."""
    memory = Redeliveries(2)
    for mid in (1, 2, 1, 3):
        memory.keep(mid, TOPIC, b"a")

    assert [memory.knows(mid, TOPIC, b"a") for mid in (1, 2, 3)] == [True, False, True]
    assert len(memory) == 2


def test_what_a_broker_has_certainly_read_is_forgotten_with_the_connection() -> None:
    """Long before the last sign of life an acknowledgement was read; shortly before, nobody knows."""
    memory = Redeliveries(10)
    for mid in (1, 2, 3):
        memory.keep(mid, TOPIC, b"a")
    memory.acknowledged(1, 100.0)
    memory.acknowledged(2, 100.1)
    memory.connection_ended(100.0 + READ_FOR_CERTAIN_S)

    assert [memory.knows(mid, TOPIC, b"a") for mid in (1, 2, 3)] == [False, True, True]


def test_a_lost_session_is_forgotten_whole() -> None:
    """Identifiers of another session say nothing."""
    memory = Redeliveries(10)
    memory.keep(1, TOPIC, b"a")
    memory.session_lost()

    assert len(memory) == 0


def message_batch(listener: str, first_mid: int, instants_us: list[int]) -> pa.RecordBatch:
    """Give MQTT uplinks as the edge journals them."""
    plain = uplink_batch([b"a"] * len(instants_us), received_at_us=instants_us)
    n = len(instants_us)
    said: dict[str, list[object]] = {
        "transport": ["mqtt"] * n,
        "listener": [listener] * n,
        "path": [TOPIC] * n,
        "message_id": [first_mid + i for i in range(n)],
    }
    schema = on_disk_schema(Kind.UPLINKS)
    return pa.record_batch(
        [pa.array(said[f.name], f.type) if f.name in said else plain[f.name] for f in schema], schema=schema
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with messages of two brokers and a CoAP frame, the first one an old one."""
    journal = Journal(tmp_path / "journal")
    journal.append([(Kind.UPLINKS, message_batch("north", 1, [0, RECENT_US + 5, RECENT_US + 6]))])
    journal.append([(Kind.UPLINKS, message_batch("south", 2, [RECENT_US + 7]))])
    journal.append([(Kind.UPLINKS, uplink_batch([b"a"], received_at_us=[RECENT_US + 8]))])
    journal.append([(Kind.TICKS, tick_batch(RECENT_US + 9))])
    return journal


def test_a_restarted_edge_remembers_what_it_may_not_have_acknowledged(journal: Journal) -> None:
    """Each listener gets back its own last messages, and none from long before the journal's end."""
    memories = remembered(journal.directory, journal.end, {"north": 10, "south": 10})
    journal.close()

    known = {name: [memory.knows(mid, TOPIC, b"a") for mid in (1, 2, 3)] for name, memory in memories.items()}

    assert known == {"north": [False, True, True], "south": [False, True, False]}


def test_under_a_stepped_clock_age_says_nothing(journal: Journal) -> None:
    """A world that moves faster than the wall makes no message old."""
    memories = remembered(journal.directory, journal.end, {"north": 10}, within_us=float("inf"))
    journal.close()

    assert memories["north"].knows(1, TOPIC, b"a")


def test_an_empty_journal_remembers_nothing(tmp_path: Path) -> None:
    """A new gateway takes every message for a new one."""
    journal = Journal(tmp_path / "journal")
    memories = remembered(journal.directory, journal.end, {"north": 10})
    journal.close()

    assert len(memories["north"]) == 0
