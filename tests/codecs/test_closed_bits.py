"""Bits that stand for a closed set of words."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import decoded, readings
from codec_twin import differing, read_by_row
from narrowgate_codecs import registry
from narrowgate_codecs.elements import Bits, Part
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.validate import validated
from narrowgate_schema.words import Family

_VALVE = Part("valve", 4, 2, ((0, "open"), (1, "closed")), is_closed=True)
PROFILE = Profile(
    name="test_closed_v1",
    family=Family.WATER,
    device="a meter of few words",
    source="none",
    up=(Bits("state", 1, (_VALVE, Part("leak", 0))), Bits("unread", 1, (replace(_VALVE, name="other"),))),
    down=(),
    readings=(Reading("frame", (Carry("valve"), Carry("leak"))),),
)


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(PROFILE)
    yield
    registry._profiles.pop(PROFILE.name)


def test_closed_bits_say_their_word() -> None:
    """Bits of a closed set say the word that they stand for."""
    (row,) = readings(decoded(bytes.fromhex("1100"), PROFILE.name))

    assert (row["valve"], row["leak"]) == ("closed", True)


@pytest.mark.parametrize("frame", ["3100", "1120"])
def test_closed_bits_refuse_what_stands_for_nothing(frame: str) -> None:
    """Bits of a closed set that stand for no word are refused as sanity, carried or not."""
    result = decoded(bytes.fromhex(frame), PROFILE.name)

    assert result.refusals.column("reason").to_pylist() == ["sanity"]


def test_closed_bits_need_words() -> None:
    """Without words there is nothing that bits could be closed over."""
    with pytest.raises(ValueError, match="valve: closed"):
        validated(replace(PROFILE, up=(Bits("state", 1, (replace(_VALVE, words=()),)),)))


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_frames_mean_the_same(seed: int) -> None:
    """Sound and damaged frames of closed bits mean the same by plan and by construct."""
    assert differing(PROFILE.name, seed) == []


def test_plan_reads_all_of_it() -> None:
    """No sound frame of closed bits needs the row engine."""
    assert read_by_row(PROFILE.name) == 0
