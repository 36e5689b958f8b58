"""LwM2M TLV is walked by its headers, and by nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_codecs import plan_tlv, tlv
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.wire import packed

_MOST = 40


def _walked(frame: bytes) -> list[tuple[int, int, int | None, bytes]] | str:
    found = []
    try:
        for entry in tlv.entries(frame, 0, len(frame), _MOST):
            found.append((entry.instance, entry.resource, entry.at, frame[entry.start : entry.stop]))
    except FrameRefused as refused:
        return refused.reason
    return found


def _record(kind: int, number: int, value: bytes) -> bytes:
    return tlv.header(kind, number, len(value)) + value


@pytest.mark.parametrize(
    ("length", "head"), [(7, "c705"), (8, "c80508"), (256, "d0050100"), (65536, "d805010000")]
)
def test_length_stands_in_as_many_bytes_as_it_needs(length: int, head: str) -> None:
    """A length up to 7 stands in the first byte, a longer one in one to three bytes behind the id."""
    assert tlv.header(tlv.VALUE, 5, length).hex() == head


def test_values_keep_their_place() -> None:
    """Instances of objects and of resources are told with each value; ids take one byte or two."""
    several = _record(tlv.SEVERAL, 6, _record(tlv.ITEM, 0, b"\x01") + _record(tlv.ITEM, 300, b"\x05"))
    frame = _record(tlv.INSTANCE, 2, _record(tlv.VALUE, 5518, b"abcd") + several) + _record(tlv.VALUE, 1, b"")

    assert _walked(frame) == [
        (2, 5518, None, b"abcd"),
        (2, 6, 0, b"\x01"),
        (2, 6, 300, b"\x05"),
        (0, 1, None, b""),
    ]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "length"),
        (bytes.fromhex("c1"), "length"),
        (bytes.fromhex("c101"), "length"),
        (bytes.fromhex("d8010fffff00"), "length"),
        (_record(tlv.INSTANCE, 0, bytes.fromhex("c20101")), "length"),
        (_record(tlv.ITEM, 0, b"\x01"), "model"),
        (_record(tlv.SEVERAL, 0, _record(tlv.VALUE, 0, b"\x01")), "model"),
        (_record(tlv.SEVERAL, 0, _record(tlv.SEVERAL, 0, b"")), "model"),
        (_record(tlv.INSTANCE, 0, _record(tlv.INSTANCE, 0, b"")), "model"),
        (_record(tlv.VALUE, 1, b"") * (_MOST + 1), "length"),
    ],
)
def test_malformed_records_are_refused(frame: bytes, reason: str) -> None:
    """A record that is cut, reaches out of its holder, is misplaced or one too many is refused."""
    assert _walked(frame) == reason


_VALUE = st.builds(_record, st.just(tlv.VALUE), st.sampled_from([1, 255, 256, 5518]), st.binary(max_size=20))
_ITEMS = st.lists(
    st.builds(_record, st.just(tlv.ITEM), st.sampled_from([0, 700]), st.binary(max_size=9)), max_size=3
)
_SEVERAL = st.builds(_record, st.just(tlv.SEVERAL), st.sampled_from([6, 900]), _ITEMS.map(b"".join))
_INSIDE = st.lists(_VALUE | _SEVERAL, max_size=4).map(b"".join)
_INSTANCE = st.builds(_record, st.just(tlv.INSTANCE), st.sampled_from([0, 3]), _INSIDE)
_FRAME = st.lists(_VALUE | _SEVERAL | _INSTANCE, max_size=5).map(b"".join) | st.binary(max_size=30)


@given(st.lists(_FRAME, min_size=1, max_size=12))
def test_a_batch_is_walked_as_its_frames_are(frames: list[bytes]) -> None:
    """All frames of a batch at once give the values of each alone; what is refused alone is odd."""
    wire, starts, lengths = packed(frames)

    found, odd = plan_tlv.walk(wire, starts, starts + lengths, _MOST)

    for row, frame in enumerate(frames):
        alone = _walked(frame)
        these = np.flatnonzero(found.rows == row)
        at = found.starts[these] - starts[row]
        told = [
            (
                int(found.instances[one]),
                int(found.resources[one]),
                _at(found.items[one]),
                frame[start : start + width],
            )
            for one, start, width in zip(these, at, found.widths[these], strict=True)
        ]
        assert (isinstance(alone, str), told if odd[row] else alone) == (bool(odd[row]), told)


def _at(item: int) -> int | None:
    return None if item == plan_tlv.NONE else int(item)
