"""What a frame announces is known to the frames behind it, and to no others."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_fixtures import RECEIVED_AT_US, SHANGHAI
from codec_learning import LEARNING
from narrowgate_codecs import Context, Decoded, decode, registry, uplinks_from
from narrowgate_codecs.decode import decode_by_row
from narrowgate_codecs.elements import Fact, Int
from narrowgate_codecs.layout import Array
from narrowgate_codecs.profile import Learn
from narrowgate_codecs.validate import validated
from narrowgate_schema.tables import FACTS

_NAME = LEARNING.name
_FAMILY = LEARNING.family
_LEAK, _BURST = b"\x01\x05\x07", b"\x01\x05\x08"
_EVENT = b"\x02\x01"


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(LEARNING)
    yield
    registry._profiles.pop(_NAME)


def _decoded(
    sent: list[tuple[str, bytes]], facts: pa.RecordBatch | None = None, by: Any = decode, first: int = 0
) -> Decoded:
    uplinks = uplinks_from([frame for _, frame in sent], received_at_us=RECEIVED_AT_US, first_frame=first)
    context = Context([device for device, _ in sent], [_NAME] * len(sent), SHANGHAI, facts=facts)
    result: Decoded = by(uplinks, context)
    return result


def _meaning(result: Decoded) -> tuple[Any, ...]:
    return (
        {family: batch.to_pylist() for family, batch in result.readings.items()},
        result.refusals.to_pylist(),
        result.facts.to_pylist(),
        result.dispositions,
        result.messages,
        result.values,
    )


def test_frame_is_read_by_what_an_earlier_one_announced() -> None:
    """The same bits are a leak after one announcement and a burst after another."""
    result = _decoded([("a", _LEAK), ("a", _EVENT), ("a", _BURST), ("a", _EVENT)])

    rows = result.readings[_FAMILY].to_pylist()
    assert [(row["frame"], row["leak"], row["burst"]) for row in rows] == [(1, True, None), (3, None, True)]


def test_unknown_fact_is_never_guessed() -> None:
    """Before anything was announced the bits are kept as they are and mean nothing."""
    result = _decoded([("a", _EVENT), ("a", _LEAK)])

    assert (result.messages, result.readings[_FAMILY].num_rows) == (["unknown_event", "status"], 0)


def test_frame_that_needs_a_fact_waits_for_it() -> None:
    """A message that cannot be read without a fact is refused as one that is retried when it arrives."""
    refusals = _decoded([("a", b"\x03\x09")]).refusals.to_pylist()

    assert [(row["reason"], row["detail"]) for row in refusals] == [
        ("context_missing", "hardware: no earlier frame of the device has announced it")
    ]


def test_fact_is_known_of_its_own_device_only() -> None:
    """What one device announced says nothing of another."""
    assert _decoded([("a", _LEAK), ("b", _EVENT)]).messages == ["status", "unknown_event"]


def test_facts_come_out_and_go_in_again() -> None:
    """What a batch announced is handed out, and handed in again it is known to the next one."""
    facts = _decoded([("a", _LEAK)]).facts

    assert (facts.schema, facts.num_rows, _decoded([("a", _EVENT)], facts, first=1).messages) == (
        FACTS,
        1,
        ["leak_event"],
    )


def test_what_is_known_is_not_announced_again() -> None:
    """A fact that was known so already is no news."""
    result = _decoded([("a", _LEAK), ("a", _LEAK), ("a", _BURST), ("a", b"\x01\x05")])

    assert [(row["frame"], row["value"][-1]) for row in result.facts.to_pylist()] == [(0, 7), (2, 8)]


def test_replay_reads_as_it_was_read_first() -> None:
    """With all facts known from the start every frame means what it meant before they were."""
    sent = [("a", _EVENT), ("a", _LEAK), ("a", _EVENT), ("a", _BURST), ("a", _EVENT)] * 4
    first = _decoded(sent)

    assert _meaning(_decoded(sent, first.facts)) == _meaning(first)


def test_batches_without_news_are_planned() -> None:
    """Frames whose facts are known are read by the plan, announcements that are no news included."""
    known = _decoded([("a", _LEAK), ("b", _BURST)]).facts
    sent = [("a", _LEAK), ("a", _EVENT), ("b", _EVENT), ("a", b"\x04\x02\x03"), ("b", b"\x04\x02")] * 8

    result = _decoded(sent, known, first=2)

    assert (result.by_row, result.facts.num_rows) == (0, 0)


@given(st.integers(0, 2**32), st.booleans())
def test_plan_knows_what_construct_knows(seed: int, is_known: bool) -> None:
    """Frames of several devices, announcements among them, mean the same by plan and by construct."""
    rng = random.Random(seed)
    frames = [_LEAK, _BURST, _EVENT, b"\x03\x09", b"\x04\x02\x03", b"\x04\x02", b"\x01\x05", b"\x09", b"\x01"]
    weights = [1, 1, 20, 5, 20, 20, 5, 1, 1]
    sent = [("abcdefgh"[rng.randrange(8)], rng.choices(frames, weights)[0]) for _ in range(60)]
    facts = _decoded([(device, rng.choice((_LEAK, _BURST))) for device in "abcd"]).facts if is_known else None

    whole, truth = (_meaning(_decoded(sent, facts, by, first=4)) for by in (decode, decode_by_row))

    assert whole == truth


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"learns": (Learn("hardware", "nothing"),)}, "there is no message nothing"),
        ({"learns": (Learn("hardware", "status", "lost"),)}, "lost is no number of a frame"),
        ({"up": (Array("items", 2, (Int("a", 1), Fact("f"))),)}, "a fact stands in the frame's own level"),
    ],
)
def test_fact_that_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    """A fact from nowhere, or inside a list's item, is refused at registration."""
    given = {"readings": (), "learns": (), **changes}
    with pytest.raises(ValueError, match="nobody_learning_v1") as refused:
        validated(replace(LEARNING, **given))

    assert said in str(refused.value)
