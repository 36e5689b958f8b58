"""Numbers as wide as they need, an item for every bit of a mask, lists in lists, by construct and plan."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_channels import PROFILE
from codec_fixtures import RECEIVED_AT_US, decoded, readings
from narrowgate_bench.codec_frames import Sender
from narrowgate_bench.codec_fuzz import both, differences, worn
from narrowgate_codecs import encode, registry
from narrowgate_codecs.checksums import right_sum
from narrowgate_codecs.elements import Check

_NAME = PROFILE.name


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(PROFILE)
    yield
    registry._profiles.pop(_NAME)


def _frame(commands: str) -> bytes:
    body = bytes.fromhex(commands)
    return body + bytes([right_sum(Check("xor8", "start", start=0x55), body)])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_valid_frames_mean_the_same(seed: int) -> None:
    """Whatever such a device can send means the same by plan and by construct."""
    sender = Sender(_NAME, "up", random.Random(seed))

    assert differences([sender.sent() for _ in range(24)], _NAME, "up", received_at_us=RECEIVED_AT_US) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_frames_mean_the_same(seed: int) -> None:
    """Damaged frames of such a device, check sums mended, are refused or read alike."""
    rng = random.Random(seed)
    sender = Sender(_NAME, "up", rng)

    frames = worn([sender.sent() for _ in range(24)], _NAME, "up", rng)

    assert differences(frames, _NAME, "up", received_at_us=RECEIVED_AT_US) == []


def test_plan_reads_every_frame() -> None:
    """No frame of such a device needs the row engine."""
    sender = Sender(_NAME, "up", random.Random(5))

    _, _, by_row = both([sender.sent() for _ in range(300)], _NAME, "up")

    assert by_row == 0


def test_hours_of_a_channel_are_readings_of_its_own() -> None:
    """A counter and the hours behind it are readings of the channel, an hour apart, scaled by its factor."""
    result = decoded(_frame("1f0a0b2e6a4c0483b9f314800102"), _NAME)

    assert [(row["series"], row["time"], row["volume_m3"]) for row in readings(result)] == [
        ("3", "2023-03-10T12:00:00Z", 34245.7),
        ("3", "2023-03-10T13:00:00Z", 34258.5),
        ("3", "2023-03-10T14:00:00Z", 34258.7),
    ]


def test_date_that_is_none_gives_no_readings_of_the_past() -> None:
    """Days behind a date of month zero are said, and are no readings."""
    result = decoded(_frame("1b0700000102ea0105"), _NAME)

    said: Any = result.values[0]["commands"]
    assert (readings(result), said[0]["day_channels"][0]["daily"]) == (
        [],
        [{"day_volume_m3": 23.4}, {"day_volume_m3": 0.5}],
    )


def test_number_without_an_end_is_refused_alone() -> None:
    """A number that goes on behind its command, or for more than 35 bits, spoils that command only."""
    frames = [_frame("1b042e6a81816123"), _frame("1b082e6affffffffffff6123")]

    results = [decoded(frame, _NAME) for frame in frames]

    assert [(one.dispositions[0], one.refusals.column("reason").to_pylist()) for one in results] == [
        ("partial", ["length"])
    ] * 2


def test_heads_take_one_to_three_bytes() -> None:
    """A tag in the top bits stands beside its length, and one behind the escape is of two bytes."""
    records = [
        {"record": "state", "battery_v": 3.5},
        {"record": "other", "tag": 0x09, "data": "aa"},
        {"record": "other", "tag": 0x1F34, "data": ""},
    ]

    frame = encode(_NAME, "frame", {"commands": records})

    assert frame[:-1].hex() == "61230901aa1f3400"


def test_content_too_long_for_a_short_head_is_our_fault() -> None:
    """Content that does not fit the length beside a short tag raises ValueError."""
    with pytest.raises(ValueError, match="34 bytes do not fit a length beside the tag"):
        encode(_NAME, "frame", {"commands": [{"record": "other", "tag": 0x80, "data": "00" * 34}]})


def test_length_may_count_itself() -> None:
    """A length that counts its own bytes is sent and read so, and one below its own bytes is refused."""
    frame = encode(_NAME, "frame", {"commands": [{"record": "inner", "spare": 7, "inside": "aabb"}]})

    wrong = decoded(_frame("1f07020001"), _NAME)

    assert (frame[:-1].hex(), wrong.refusals.column("reason").to_pylist()) == ("1f0705000507aabb", ["length"])
