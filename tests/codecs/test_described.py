"""Content that describes itself: learned once, proven on all."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import RECEIVED_AT_US, decoded, readings
from narrowgate_bench.codec_frames import Sender, Sent
from narrowgate_bench.codec_fuzz import both, differences, worn
from narrowgate_codecs import PROFILES, encode, registry
from narrowgate_codecs.bit_clocks import date_g, time_f
from narrowgate_codecs.elements import Code
from narrowgate_codecs.layout import Described, Listed
from narrowgate_codecs.plan import plan_of
from narrowgate_codecs.plan_described import FEW, DescribedSteps
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.sketch import Reader
from narrowgate_codecs.told_apart import EACH, PROVEN, TRIAL
from narrowgate_codecs.validate import validated
from narrowgate_codecs.wire import packed
from narrowgate_codecs.wired import Wired
from narrowgate_schema.words import Family

_CARRIES = (Carry("volume_m3"), Carry("volume_reverse_m3"), Carry("flow_m3_per_h"), Carry("temperature_c"))
_PROFILE = Profile(
    name="nobody_records_v1",
    family=Family.WATER,
    device="A meter that says anything",
    source="EN 13757-3",
    up=(
        Code("ci", 1, accepts=(0x78,), default=0x78),
        Described(
            "records",
            "en13757",
            says=(*(Wired(carry.name) for carry in _CARRIES), time_f("clock")),
            lists=(Listed("history", (Wired("volume_m3"), Wired("volume_reverse_m3"), date_g("stored_at"))),),
        ),
    ),
    down=(),
    single_message="records",
    readings=(
        Reading("records", _CARRIES, clock="clock"),
        Reading(
            "records",
            (Carry("volume_m3"), Carry("volume_reverse_m3")),
            records="history",
            each=Each(clock="stored_at"),
            series="history",
        ),
    ),
)
_NAME = _PROFILE.name
_PLAIN = bytes.fromhex("780413393000000b3b270100046d0a0bcd13")


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(_PROFILE)
    yield
    registry._profiles.pop(_NAME)


def _frames(count: int, seed: int) -> list[Sent]:
    sender = Sender(_NAME, "up", random.Random(seed))
    return [sender.sent() for _ in range(count)]


def _steps() -> tuple[Any, DescribedSteps]:
    plan = plan_of(PROFILES[_NAME], PROFILES[_NAME].up)
    return plan, next(step for step in plan.steps if isinstance(step, DescribedSteps))


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_valid_contents_mean_the_same(seed: int) -> None:
    """Whatever records can say means the same by learned layouts and by construct."""
    assert (
        differences(_frames(24, seed), _NAME, "up", received_at_us=RECEIVED_AT_US, zone="Europe/Berlin") == []
    )


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_damaged_contents_mean_the_same(seed: int) -> None:
    """Damaged, cut and random contents are refused or read alike."""
    frames = worn(_frames(24, seed), _NAME, "up", random.Random(seed))

    assert differences(frames, _NAME, "up", received_at_us=RECEIVED_AT_US, zone="Europe/Berlin") == []


def test_one_shape_is_learned_once() -> None:
    """Contents that differ in their values alone have one layout, and none of them is read by row."""
    rng = random.Random(1)
    frames = [_PLAIN[:3] + rng.randbytes(4) + _PLAIN[7:] for _ in range(200)]

    plan, steps = _steps()
    level = plan.read(*packed(frames))

    assert (steps.layouts.count, bool(level.odd.any())) == (1, False)


def test_learning_in_a_batch_is_bounded() -> None:
    """A batch of shapes that nobody knows learns its share of them and leaves the rest to the row engine."""
    rng = random.Random(2)
    frames = [bytes([0x78, 0x0F, *rng.randbytes(at + 1)]) for at in range(400)]

    plan, steps = _steps()
    level = plan.read(*packed(frames))

    assert steps.layouts.count == FEW + 50 == np.count_nonzero(~level.odd)


def test_made_up_shapes_drive_out_no_proven_one() -> None:
    """Layouts that came once are forgotten first: those of honest meters stay learned."""
    plan, steps = _steps()
    honest = [_PLAIN] * 20
    plan.read(*packed(honest))
    plan.read(*packed(honest))
    for first in range(0, 6000, 100):
        plan.read(*packed([bytes([0x78, 0x0F, *bytes(at + 1)]) for at in range(first, first + 100)]))
    learned = len(steps.layouts.of(len(_PLAIN) - 1))

    assert (learned, steps.layouts.count <= PROVEN + TRIAL) == (1, True)


def test_layouts_of_one_length_are_bounded() -> None:
    """However many shapes of one length come, no more than a few of them are kept."""
    plan, steps = _steps()
    for first in range(0, 250, 10):
        plan.read(*packed([bytes([0x78, 0x04, 0xFD, at, 1, 2, 3, 4]) for at in range(first, first + 10)] * 2))

    assert len(steps.layouts.of(7)) <= EACH


def test_layout_that_is_driven_out_amid_a_batch_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout that others drive out while a batch is told apart is kept anew, and its contents are read."""
    monkeypatch.setattr("narrowgate_codecs.told_apart.PROVEN", 2)
    plan, _ = _steps()
    frames = [bytes([0x78, 0x04, 0xFD, at, 1, 2, 3, 4]) for at in range(5)] * 8

    odd = [plan.read(*packed(frames)).odd.any() for _ in range(4)]

    assert not any(odd)


def test_reader_remembers_what_was_looked_at() -> None:
    """Every byte that a grammar looks at becomes part of the shape, the others do not."""
    reader = Reader(b"abcdef")
    reader.byte(0)
    reader.number(2, 2)

    assert reader.looked == b"\xff\x00\xff\xff\x00\x00"


def test_numbers_of_any_coding_share_a_name() -> None:
    """A volume is a volume, whether as an integer, as digits or as a float, in whatever unit."""
    heads = ["0413", "0c14", "0513", "0216", "0e12"]
    records = [[{"head": head, "volume_m3": 12.0}] for head in heads]
    sent: list[Sent] = [(encode(_NAME, "records", {"records": record}), None) for record in records]

    whole, _, by_row = both(sent * 4, _NAME, "up")

    volumes = set(whole.readings[Family.WATER].column("volume_m3").to_pylist())
    assert (volumes, by_row) == ({12.0}, 0)


def test_stored_volumes_are_rows_of_their_own() -> None:
    """A volume of another storage is a row of its own, dated by that storage's date in the city's zone."""
    records = [
        {"head": "0413", "volume_m3": 12.5},
        {"head": "426c", "time": "2025-05-01T00:00:00"},
        {"head": "4413", "volume_m3": 10.0},
    ]

    rows = readings(decoded(encode(_NAME, "records", {"records": records}), _NAME))

    assert rows == [
        {"series": "", "time": "received", "volume_m3": 12.5},
        {"series": "history", "time": "2025-04-30T16:00:00Z", "volume_m3": 10.0},
    ]


def test_clock_that_is_not_valid_is_null() -> None:
    """A time whose invalid bit is set dates nothing: reception does, and the row says so."""
    records = [{"head": "0413", "volume_m3": 1.0}, {"head": "046d", "time": None}]

    row = readings(decoded(encode(_NAME, "records", {"records": records}), _NAME))[0]

    assert (row["time"], row["clock_unsynchronised"]) == ("received", True)


def test_profile_runs_backwards_from_its_storage() -> None:
    """An inverse profile's items lie before its storage's time, what follows a missing element is unknown."""
    frame = bytes.fromhex("78446d003318374413030000004d93130761010001ff0100")

    rows = [row for row in readings(decoded(frame, _NAME)) if row["series"] == "history"]

    assert [(row["time"], row["volume_m3"]) for row in rows] == [
        ("2024-07-24T10:00:00Z", 0.003),
        ("2024-07-24T09:00:00Z", 0.002),
    ]


def test_records_before_a_cut_one_stay() -> None:
    """A record that reaches past the end is refused; those before it give their reading."""
    result = decoded(_PLAIN[:-1], _NAME)

    assert (result.dispositions[0], readings(result)[0]["volume_m3"]) == ("partial", 12.345)


def test_unknown_grammar_is_no_sound_declaration() -> None:
    """A declaration names a grammar that there is."""
    up = (Described("records", "klingon", ()),)

    with pytest.raises(ValueError, match="one of en13757 is possible"):
        validated(Profile("nobody_klingon_v1", Family.WATER, "", "", up, (), ()))
