"""Numbers some of whose raw values say nothing."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import RECEIVED_AT_US, decoded, readings
from codec_sentinels import SENTINELS
from narrowgate_bench.codec_frames import Sender, damaged
from narrowgate_bench.codec_fuzz import both, differences
from narrowgate_codecs import encode, registry
from narrowgate_codecs.decode import plan_for
from narrowgate_codecs.elements import Int
from narrowgate_codecs.layout import Array, Deltas
from narrowgate_codecs.validate import validated
from narrowgate_codecs.wire import packed

_NAME = SENTINELS.name
_NULLS: dict[str, Any] = {
    "power_w": None,
    "current_a": None,
    "tilt_deg": None,
    "level_pct": None,
    "battery_v": None,
    "ecl": None,
    "energy_kwh": None,
}


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(SENTINELS)
    yield
    registry._profiles.pop(_NAME)
    plan_for.cache_clear()


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_frames_mean_the_same(seed: int) -> None:
    """Frames with numbers that say nothing mean the same by plan and by construct, in known layouts too."""
    rng = random.Random(seed)
    sender = Sender(_NAME, "up", rng)
    frames = [sender.sent() for _ in range(24)]
    worse = [(damaged(frame, rng), port) for frame, port in frames]
    alike = [(frame, port) for frame, port in worse if len(frame) == len(frames[0][0])]

    for batch in (frames, alike + frames, worse):
        assert differences(batch, _NAME, "up", received_at_us=RECEIVED_AT_US) == []


def test_values_that_say_nothing_are_null() -> None:
    """A raw value that says nothing gives no value and is no reason to refuse the frame."""
    frame = encode(_NAME, "frame", {"voltage_v": 230, "judged": 7, **_NULLS})

    assert (frame.hex(), readings(decoded(frame, _NAME))) == (
        "ffff00e6ffff80fffff00f07ffffffffffffffff",
        [{"series": "", "voltage_v": 230.0, "time": "received"}],
    )


def test_second_value_that_says_nothing_is_null() -> None:
    """A number can have several values that say nothing."""
    frame = bytearray(encode(_NAME, "frame", {"voltage_v": 230, "judged": 7, **_NULLS}))
    frame[6] = 0x7F

    assert decoded(bytes(frame), _NAME).values[0]["tilt_deg"] is None


def test_limits_hold_for_what_says_something() -> None:
    """A value outside its limits that is not one of those that say nothing refuses the frame."""
    frame = encode(_NAME, "frame", {"voltage_v": 230, "judged": 7, **_NULLS})

    refused = decoded(b"\xff\xfe" + frame[2:], _NAME).refusals.column("detail").to_pylist()

    assert refused == ["power_w: 6553.4 is outside 0 to 500"]


def test_encode_refuses_a_number_that_would_say_nothing() -> None:
    """A number whose raw value says nothing cannot be sent as a number."""
    with pytest.raises(ValueError, match=r"current_a: 655\.35: on the wire it says nothing; None does"):
        encode(_NAME, "frame", {"voltage_v": 230, "judged": 7, **_NULLS, "current_a": 655.35})


def test_limits_of_a_known_layout_spare_what_says_nothing() -> None:
    """In a known layout, too, only a number that says something can be past its limits."""
    sender = Sender(_NAME, "up", random.Random(3))
    plan = plan_for(_NAME, "up")
    assert plan is not None
    frames = [sender.frame() for _ in range(30)]
    for _ in range(3):
        plan.read(*packed(frames))
    past, silent = (power + frames[0][2:] for power in (b"\xff\xfe", b"\xff\xff"))

    level = plan.read(*packed([past, silent, *frames]))

    assert (plan.layouts.count, level.odd.nonzero()[0].tolist()) == (1, [0])


def test_plan_reads_all_of_it() -> None:
    """No frame whose numbers say nothing needs the row engine."""
    sender = Sender(_NAME, "up", random.Random(5))

    _, _, by_row = both([sender.sent() for _ in range(300)], _NAME, "up")

    assert by_row == 0


@pytest.mark.parametrize(
    "field",
    [Array("items", "n", (Int("a", 1),)), Deltas("items", "a", "n", 1)],
)
def test_nothing_is_counted_from_what_may_be_null(field: Any) -> None:
    """A count, or the number a history starts from, must always say something."""
    with pytest.raises(ValueError, match="n may say nothing: nothing can be counted from it"):
        validated(replace(SENTINELS, up=(Int("n", 1, null=(0xFF,)), field), readings=()))
