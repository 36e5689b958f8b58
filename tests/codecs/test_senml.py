"""SenML in CBOR: base values, instants, and what a pack cannot say."""

from typing import Any

import pytest

from narrowgate_codecs import senml
from narrowgate_codecs.refusal import FrameRefused


def _records(hexed: str, at_most: int = 20) -> list[Any]:
    frame = bytes.fromhex(hexed)
    return list(senml.records(frame, 0, len(frame), at_most))


def _read(hexed: str) -> list[tuple[str, float, object]]:
    return [(one.name, one.time_s, one.value) for one in _records(hexed)]


def test_base_name_and_time_hold_until_they_change() -> None:
    """A base name and a base time hold from their record on; the next ones replace them."""
    pack = "83" + "a421612f22190e10006131021864" + "a2006132020a" + "a32162613a06200200"

    assert _read(pack) == [("/1", 3600.0, 100), ("/2", 3600.0, 10), ("a:", 3599.0, 0)]


def test_base_value_is_added() -> None:
    """A base value is added to the numbers behind it."""
    assert _read("82" + "a3006161240a0201" + "a200616202f93e00") == [("a", 0.0, 11), ("b", 0.0, 11.5)]


def test_indefinite_lengths_are_read() -> None:
    """A pack, a record and a text of indefinite length are read up to their breaks."""
    assert _read("9f" + "bf007f61616162ff0205ff" + "a20061630206" + "ff") == [
        ("ab", 0.0, 5),
        ("c", 0.0, 6),
    ]


def test_record_without_a_value_says_nothing_but_its_base() -> None:
    """A record of base values alone is no measurement; those behind it have its base."""
    shapes = [(one.name, one.shape) for one in _records("82" + "a121612f" + "a20061310200")]

    assert shapes == [("/", "nothing"), ("/1", "number")]


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        ("82a2006161", "length"),
        ("82a20061610201", "length"),
        ("81a2006161020100", "length"),
        ("8101", "model"),
        ("81a20081000201", "sanity"),
        ("81a26262705f0100620201", "model"),
        ("81a2200b0201", "model"),
        ("9bffffffffffffffffa2006161", "length"),
        ("81bbffffffffffffffff0061", "length"),
        ("81a2006161028181818181818181818100", "model"),
    ],
)
def test_pack_that_is_none_is_refused(pack: str, reason: str) -> None:
    """A pack that is cut, too long, malformed or must be understood by others is refused."""
    try:
        told = [one.reason for one in _records(pack) if isinstance(one, FrameRefused)]
    except FrameRefused as refused:
        told = [refused.reason]

    assert told == [reason]


@pytest.mark.parametrize("value", ["026161", "0300", "0401", "086161", "02f5", "02f97c00", "0361ff"])
def test_value_of_another_kind_is_refused_alone(value: str) -> None:
    """A label with a value of another kind is refused; the records around it stay."""
    first, second, third = _records("83" + "a20061610201" + "a2006162" + value + "a20061630203")

    assert (first.value, second.reason, third.value) == (1, "sanity", 3)


def test_records_are_bounded() -> None:
    """What follows the last record that is read is refused, and the records before it stay."""
    frame = bytes.fromhex("9f" + "a20061610201" * 5 + "ff")
    found: list[Any] = []

    with pytest.raises(FrameRefused, match="more than 3 records"):
        found.extend(senml.records(frame, 0, len(frame), 3))

    assert len(found) == 3


def test_names_are_bounded() -> None:
    """A base name that makes a name of more than 255 characters is refused."""
    with pytest.raises(FrameRefused, match="a name of 256 characters"):
        _records("81" + "a3" + "2178ff" + "61" * 255 + "00616102" + "01")
