"""Several names of a frame that speak for one field of its reading."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import decoded, readings
from codec_twin import differing, read_by_row
from narrowgate_codecs import registry
from narrowgate_codecs.elements import Bits, Int, Part, Scaled
from narrowgate_codecs.layout import Array
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_STATES = Bits(
    "states",
    1,
    (
        Part("valve", 0, 2, ((0, "open"), (1, "closed"))),
        Part("other_valve", 2, 2, ((0, "closed"), (1, "fault"))),
        Part("leak", 4, 2, ((0, False), (1, True))),
        Part("other_leak", 6, 2, ((0, False), (1, True))),
    ),
)
_VOLUMES = (
    Int("count", 2),
    Int("unit", 1),
    Scaled("volume_m3", of="count", by="unit", factors=((0, 1),), per=1000),
    Scaled("gallons_m3", of="count", by="unit", factors=((1, 473_176_473),), per=125_000_000_000),
)
_CARRIES = (
    Carry("volume_m3"),
    Carry("volume_m3", "gallons_m3"),
    Carry("valve"),
    Carry("valve", "other_valve"),
    Carry("leak"),
    Carry("leak", "other_leak"),
)
PROFILE = Profile(
    name="test_carries_v1",
    family=Family.WATER,
    device="a meter of many tongues",
    source="none",
    up=(
        *_VOLUMES,
        _STATES,
        Array(
            "items",
            2,
            (
                Int("channel", 1),
                Bits(
                    "item",
                    1,
                    (Part("item_valve", 0, 1, ((0, "open"),)), Part("item_fault", 0, 1, ((1, "fault"),))),
                ),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading("frame", _CARRIES),
        Reading(
            "frame",
            (Carry("valve", "item_valve"), Carry("valve", "item_fault")),
            records="items",
            series_by="channel",
        ),
    ),
)


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(PROFILE)
    yield
    registry._profiles.pop(PROFILE.name)


def _rows(frame: str) -> list[dict[str, Any]]:
    return readings(decoded(bytes.fromhex(frame), PROFILE.name))


@pytest.mark.parametrize(
    ("frame", "volume_m3"), [("03e8 00", 1.0), ("03e8 01", 3.785411784), ("03e8 02", None)]
)
def test_first_that_says_something_holds(frame: str, volume_m3: float | None) -> None:
    """Of two names for one field the one that says something is carried; silent ones leave it null."""
    row = _rows(frame + "00 0000 0000")[0]

    assert row.get("volume_m3") == volume_m3


def test_words_of_both_are_understood() -> None:
    """Names with different words may speak for one field, the first one first."""
    rows = [_rows(f"0000 00 {states} 0000 0000")[0] for states in ("00", "06", "0a", "95")]

    assert [(row.get("valve"), row.get("leak")) for row in rows] == [
        ("open", False),
        ("fault", False),
        (None, False),
        ("closed", True),
    ]


def test_items_may_have_several_names_as_well() -> None:
    """Items of a list carry the first of their names that says something."""
    assert [row.get("valve") for row in _rows("0000 00 00 0100 0201")[1:]] == ["open", "fault"]


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_frames_mean_the_same(seed: int) -> None:
    """Sound and damaged frames of fields with several names mean the same by plan and by construct."""
    assert differing(PROFILE.name, seed) == []


def test_plan_reads_all_of_it() -> None:
    """No sound frame of fields with several names needs the row engine."""
    assert read_by_row(PROFILE.name) == 0
