"""Scales, texts and clocks that declarations can say, and what is doubted or implied."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from codec_fixtures import decoded, readings
from codec_vocabulary import PROFILES
from narrowgate_codecs import encode, registry
from narrowgate_codecs.checksums import right_sum
from narrowgate_codecs.elements import Check, Text
from narrowgate_codecs.engine import Frame
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.values import speak

_NAME = PROFILES[0].name


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(PROFILES[0])
    yield
    registry._profiles.pop(_NAME)


def _sent(message: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return readings(decoded(encode(_NAME, message, values), _NAME))


def _scaled(**values: Any) -> dict[str, Any]:
    usual = {"battery_v": 3.0, "temperature_c": 10.0, "ecl": 0, "code": "00", "local": None, "model": ""}
    usual |= {"newest_l": 0, "cell_id": 0}
    return _sent("scales", {**usual, "maker": "", **values})[0]


def test_scale_may_begin_elsewhere_than_at_zero() -> None:
    """A number whose scale has an offset says what it measures, below zero too."""
    row = _scaled(battery_v=3.344, temperature_c=-10.0, ecl=-3)

    assert (row["battery_v"], row["temperature_c"], row["ecl"]) == (3.344, -10.0, -3)


def test_code_stands_for_its_number() -> None:
    """A code that does not count evenly says the number it stands for."""
    row = _scaled(code="16")

    assert (row["pressure_bar"], row["flow_m3_per_h"]) == (4.0, 10.0)


def test_code_without_a_number_says_nothing() -> None:
    """A code that stands for no number is null, as is one that another part voids."""
    rows = [_scaled(code="04"), _scaled(code="0e"), _scaled(code="07")]

    assert [row.get("pressure_bar") for row in rows] == [None, None, None]


def test_number_that_no_code_stands_for_is_refused() -> None:
    """A number that no code stands for cannot be sent; the refusal names those that can."""
    with pytest.raises(ValueError, match=r"pressure_bar: 3: one of 0, 0.5, 4 is possible"):
        _scaled(pressure_bar=3)


def test_message_says_what_it_implies() -> None:
    """A message says what its being sent means, though no byte of it does."""
    row = _scaled()

    assert (row["tamper"], row["valve"]) == (True, "closed")


def test_false_is_not_believed_while_it_is_doubted() -> None:
    """A truth that is false says nothing while the flag that doubts it is up; one that is true stays."""
    rows = [_scaled(code=code) for code in ("00", "40", "80", "c0")]

    assert [row.get("no_use") for row in rows] == [False, True, None, True]


def test_bits_that_are_given_whole_keep_their_parts() -> None:
    """Bits given as a whole are sent as they are: no default of a part replaces what is given."""
    frame = encode("netvox_r719a_v1", "status", {"battery": "9f", "occupied": True})

    assert decoded(frame, "netvox_r719a_v1").values[0]["battery_low"] is True


def test_every_other_code_may_have_one_word() -> None:
    """A code without a word of its own says the word of all others, which is sent as the first of them."""
    rows = [_scaled(code=code) for code in ("00", "10", "20", "30")]

    assert [row["freeze"] for row in [*rows, _scaled(freeze=True)]] == [False, False, True, True, True]


def test_text_may_be_filled_with_zero_bytes() -> None:
    """Zero bytes behind a text fill its width and are not said; before it they are no text."""
    fields = (Text("card", 4, is_padded=True),)

    said = [speak(Frame(fields).read(raw)) for raw in (b"89\0\0", b"\0\0\0\0", b"8986")]

    assert [values["card"] for values in said] == ["89", "", "8986"]


def test_zero_byte_before_a_text_is_refused() -> None:
    """A zero byte with text behind it is no filling."""
    with pytest.raises(FrameRefused, match="card: no printable text"):
        Frame((Text("card", 4, is_padded=True),)).read(b"\x0089\0")


def test_number_may_travel_as_text() -> None:
    """Digits in ASCII say their number, of base ten or sixteen."""
    row = _scaled(newest_l=1234, cell_id=0xA1F)

    assert (row["volume_m3"], row["cell_id"]) == (1234.0, 0xA1F)


def test_text_that_spells_no_number_is_refused() -> None:
    """A character that is no digit of its base is refused as insane, by row and by plan."""
    usual = {"battery_v": 3.0, "temperature_c": 10.0, "ecl": 0, "code": "00", "local": None, "model": ""}
    frame = encode(_NAME, "scales", {**usual, "maker": "", "newest_l": 123456, "cell_id": 0})
    body = frame.replace(b"123456", b"1234g6")[6:-2]
    check = right_sum(Check("crc16_en13757", "start"), body).to_bytes(2)

    refusals = decoded(frame[:6] + body + check, _NAME).refusals.to_pylist()

    assert [refusal["reason"] for refusal in refusals] == ["sanity"]


def test_clock_may_run_in_a_zone_of_its_own() -> None:
    """A clock of a stated zone means that zone's time, wherever the city is."""
    values = {"battery_v": 3.0, "temperature_c": 10.0, "ecl": 0, "code": "00", "model": "m", "maker": ""}
    values |= {"newest_l": 0, "cell_id": 0}
    frame = encode(_NAME, "scales", {**values, "local": "2025-06-01T08:00:00"})

    result = decoded(frame, _NAME, timezone=ZoneInfo("Europe/Berlin"))

    assert readings(result)[0]["time"] == "2025-06-01T00:00:00Z"


@pytest.mark.parametrize(("maker", "model"), [("", ""), ("mvb", "VD33D P2")])
def test_text_goes_to_the_end_of_its_region(maker: str, model: str) -> None:
    """A text without a width is as long as its region, nothing too."""
    values = {"battery_v": 3.0, "temperature_c": 10.0, "ecl": 0, "code": "00", "local": None}
    values |= {"newest_l": 0, "cell_id": 0}

    said = decoded(encode(_NAME, "scales", {**values, "maker": maker, "model": model}), _NAME)

    assert (said.values[0]["maker"], said.values[0]["model"]) == (maker, model)
