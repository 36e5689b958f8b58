"""Items of a list as readings of their own, each under the series that it names."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import decoded, readings
from codec_twin import differing, read_by_row
from narrowgate_codecs import registry
from narrowgate_codecs.elements import Code, Epoch, Int, Named
from narrowgate_codecs.layout import Array, Case, Records, Switch
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.validate import validated
from narrowgate_schema.words import Family

_LAMPS = Array(
    "lamps",
    "count",
    (
        Named("address", 1, tuple((code, f"lamp_{code}") for code in range(200)), otherwise="unknown"),
        Int("power_w", 1, limits=(0, 200)),
    ),
)
_CHANNELS = Records(
    "channels",
    1,
    (
        Case("counted", (1,), (Int("channel", 1), Int("energy_kwh", 2, per=10), Epoch("at", 4, 2015))),
        Case("nameless", (2,), (Int("voltage_v", 2),)),
    ),
)
PROFILE = Profile(
    name="test_series_v1",
    family=Family.LIGHTING,
    device="a controller of many lamps",
    source="none",
    up=(
        Code("type", 1),
        Epoch("clock", 4, 2015),
        Int("count", 1),
        Switch("type", (Case("lamps", (1,), (_LAMPS,)), Case("channels", (2,), (_CHANNELS,)))),
    ),
    down=(),
    readings=(
        Reading("lamps", (Carry("power_w"),), records="lamps", series_by="address", clock="clock"),
        Reading(
            "channels",
            (Carry("energy_kwh"), Carry("voltage_v")),
            records="channels",
            series_by="channel",
            each=Each(clock="at"),
        ),
        Reading(
            "channels", (Carry("energy_kwh"), Carry("voltage_v")), records="channels", series_by="channel"
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


def test_items_are_rows_under_the_series_they_name() -> None:
    """Each item is a row of the frame's instant, under the series that its address stands for."""
    rows = _rows("01 5e207ff3 02 0307 0509")

    assert rows == [
        {"series": "lamp_3", "power_w": 7.0, "time": "2020-01-16T15:23:31Z", "clock_unsynchronised": False},
        {"series": "lamp_5", "power_w": 9.0, "time": "2020-01-16T15:23:31Z", "clock_unsynchronised": False},
    ]


def test_items_of_an_unset_clock_are_dated_by_reception() -> None:
    """Where the frame's clock was never set, its items are dated by reception and flagged."""
    (row,) = _rows("01 00000001 01 0307")

    assert (row["time"], row["clock_unsynchronised"]) == ("received", True)


def test_item_that_says_the_impossible_gives_no_row() -> None:
    """An item outside its limits is refused alone; the others keep their rows."""
    assert [row["series"] for row in _rows("01 5e207ff3 02 03ff 0509")] == ["lamp_5"]


def test_number_is_a_series_and_no_number_is_none() -> None:
    """An item's number names its series; an item without one gives no row."""
    rows = _rows("02 5e207ff3 00 01 07 000a 5e207ff3 02 00e6")

    assert [(row["series"], row["energy_kwh"], row["time"]) for row in rows] == [
        ("7", 1.0, "2020-01-16T15:23:31Z"),
        ("7", 1.0, "received"),
    ]


def test_series_that_nothing_says_is_refused() -> None:
    """A series must be a word or a whole number of the list's items."""
    lost = replace(PROFILE, readings=(replace(PROFILE.readings[0], series_by="energy_kwh"),))

    with pytest.raises(ValueError, match="energy_kwh is no word or number of the items of lamps"):
        validated(lost)


def test_plan_reads_all_of_it() -> None:
    """No frame with series of its own needs the row engine."""
    assert read_by_row(PROFILE.name) == 0


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_frames_mean_the_same(seed: int) -> None:
    """Sound and damaged frames with series of their own mean the same by plan and by construct."""
    assert differing(PROFILE.name, seed) == []
