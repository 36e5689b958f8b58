"""CBOR items are read one by one, and nothing that a head announces is believed."""

import math

import pytest

from narrowgate_codecs import cbor
from narrowgate_codecs.refusal import FrameRefused


@pytest.mark.parametrize(
    ("hexed", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1903e8", 1000),
        ("1a000f4240", 1_000_000),
        ("1bffffffffffffffff", 18_446_744_073_709_551_615),
        ("20", -1),
        ("3903e7", -1000),
        ("3bffffffffffffffff", -18_446_744_073_709_551_616),
        ("f93c00", 1.0),
        ("f90001", 5.960464477539063e-8),
        ("f97bff", 65504.0),
        ("fa47c35000", 100_000.0),
        ("fb3ff199999999999a", 1.1),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "ü"),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("c11a514b67b0", 1_363_896_240),
        ("c48221196ab3", 273.15),
        ("d818456449455446", b"dIETF"),
    ],
)
def test_items_are_those_of_the_specification(hexed: str, value: object) -> None:
    """An item of RFC 8949's own table of examples is read as the table says."""
    frame = bytes.fromhex(hexed)

    assert (value, len(frame)) == cbor.item(frame, 0, len(frame))


@pytest.mark.parametrize("hexed", ["f97e00", "fa7fc00000", "fb7ff8000000000000"])
def test_no_number_is_read_as_such(hexed: str) -> None:
    """A NaN of any width is a NaN."""
    value, _ = cbor.item(bytes.fromhex(hexed), 0, 9)

    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    "hexed",
    ["80", "8301820203820405", "a201020304", "9f01820203ffff", "bf6346756ef5ff", "f0", "82c1c2c30001"],
)
def test_other_items_are_passed_over(hexed: str) -> None:
    """An array, a map or a simple value is no value of ours; what stands behind it is found."""
    frame = bytes.fromhex(hexed) + b"\x00"
    last = len(frame) - (2 if hexed.endswith("ffff") else 1)

    value, after = cbor.item(frame, 0, len(frame))

    assert (value, after) == (cbor.OTHER, last)


@pytest.mark.parametrize(
    ("hexed", "reason"),
    [
        ("", "length"),
        ("19ff", "length"),
        ("5bffffffffffffffff00", "length"),
        ("7a7fffffff41", "length"),
        ("9bffffffffffffffff00", "length"),
        ("bbffffffffffffffff0000", "length"),
        ("9f", "length"),
        ("5f41", "length"),
        ("1c", "model"),
        ("1f", "model"),
        ("ff", "model"),
        ("5f00ff", "model"),
        ("5f5f4100ffff", "model"),
        ("81" * 9 + "00", "model"),
        ("c1c1c1c100", "model"),
        ("61ff", "sanity"),
    ],
)
def test_what_is_no_item_is_refused(hexed: str, reason: str) -> None:
    """An item that is cut, malformed, nested too deeply or announces what is not there is refused."""
    with pytest.raises(FrameRefused) as refused:
        cbor.item(bytes.fromhex(hexed), 0, len(bytes.fromhex(hexed)))

    assert refused.value.reason == reason


def test_deep_nesting_is_walked_without_recursion() -> None:
    """A nesting of a thousand levels is refused at the level behind the last that is read."""
    with pytest.raises(FrameRefused, match=f"deeper than {cbor.MOST_NESTED}"):
        cbor.item(b"\x81" * 1000 + b"\x00", 0, 1001)


def test_decimal_fraction_of_a_great_exponent_says_nothing() -> None:
    """A decimal fraction whose exponent no measure has is not computed."""
    frame = bytes.fromhex("c4821b7fffffffffffffff01")

    assert cbor.item(frame, 0, len(frame)) == (cbor.OTHER, len(frame))
