"""What the memory of repeated frames promises: a device's same bytes once more are known, others are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_ingest.repeats import Repeats

FRAMES = st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=1)), max_size=40)


def marks(repeats: Repeats, frames: list[tuple[int, bytes]]) -> list[bool]:
    """Mark frames of (slot, payload)."""
    slots = np.array([slot for slot, _ in frames], np.int32)
    answer: list[bool] = repeats.mark(slots, [payload for _, payload in frames]).tolist()
    return answer


def plain(frames: list[tuple[int, bytes]]) -> list[bool]:
    """Say which frames are among the last four different ones of their device."""
    last: dict[int, list[bytes]] = {}
    said = []
    for slot, payload in frames:
        seen = last.setdefault(slot, [])
        said.append(payload in seen)
        if payload not in seen:
            seen.append(payload)
            del seen[:-4]
    return said


@given(FRAMES)
def test_the_last_four_frames_of_each_device_are_known(frames: list[tuple[int, bytes]]) -> None:
    """A frame is a repeat if it is among the device's last four."""
    assert marks(Repeats(), frames) == plain(frames)


@given(FRAMES, st.integers(0, 40))
def test_a_split_with_a_snapshot_changes_nothing(frames: list[tuple[int, bytes]], cut: int) -> None:
    """Marked in two parts with the memory carried over as bytes, the answer is the same."""
    first, second = Repeats(), Repeats()
    before = marks(first, frames[:cut])
    second.restore(first.snapshot())

    assert before + marks(second, frames[cut:]) == plain(frames)


@given(st.binary(max_size=80))
def test_other_bytes_are_no_snapshot(body: bytes) -> None:
    """Bytes that no snapshot gave are refused, and the memory stays."""
    repeats = Repeats()
    marks(repeats, [(0, b"a")])
    with pytest.raises(ValueError, match="snapshot"):
        repeats.restore(body)

    assert marks(repeats, [(0, b"a")]) == [True]


def test_a_damaged_snapshot_is_refused() -> None:
    """A changed byte anywhere in a snapshot is noticed."""
    repeats = Repeats()
    marks(repeats, [(3, b"a"), (1, b"b")])
    body = repeats.snapshot()
    for place in range(len(body)):
        broken = bytearray(body)
        broken[place] ^= 1
        with pytest.raises(ValueError, match="snapshot"):
            Repeats().restore(bytes(broken))

    assert len(body) == 20 + 4 * 40
