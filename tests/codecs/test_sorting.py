"""Frames of many profiles in one batch: sorted by profile, read apart, joined again."""

import random

import numpy as np
import pyarrow as pa
import pytest

from codec_fixtures import RECEIVED_AT_US, SHANGHAI
from narrowgate_bench.codec_frames import KEY, Sender
from narrowgate_codecs import Context, decode, uplinks_from
from narrowgate_codecs.plan_choices import runs_of
from narrowgate_codecs.sorting import Sorted
from narrowgate_schema.words import Family

_PROFILES = ("cjt188_water_v2004", "ctwing_parking_v1", "milesight_em400_v1", "pni_placepod_v1")


def _drawn() -> list[tuple[str | None, bytes]]:
    rng = random.Random(17)
    senders = [Sender(profile, "up", rng) for profile in _PROFILES]
    frames: list[tuple[str | None, bytes]] = [
        (profile, sender.sent()[0])
        for profile, sender in zip(_PROFILES, senders, strict=True)
        for _ in range(40)
    ]
    frames.append((None, b"\x01\x02"))
    rng.shuffle(frames)
    return frames


def _told(frames: list[tuple[str | None, bytes]]) -> tuple[pa.RecordBatch, Context, set[str | None]]:
    uplinks = uplinks_from([frame for _, frame in frames], received_at_us=RECEIVED_AT_US)
    count = len(frames)
    context = Context(["device"] * count, [profile for profile, _ in frames], SHANGHAI, keys=[KEY] * count)
    return uplinks, context, {profile for profile, _ in frames}


def test_every_frame_is_in_the_group_of_its_profile() -> None:
    """The groups are the rows of their profiles, ascending; a frame without a profile is in none."""
    frames = _drawn()

    found = {group.profile: group.rows.tolist() for group in Sorted(*_told(frames)).groups()}

    assert found == {name: [at for at, (own, _) in enumerate(frames) if own == name] for name in _PROFILES}


def test_a_groups_wire_holds_its_frames() -> None:
    """What stands on the wire of a group are the bytes of its own frames, in their order."""
    frames = _drawn()
    sorted_frames = Sorted(*_told(frames))

    for group in sorted_frames.groups():
        wire, starts, lengths = sorted_frames.wire(group)
        read = [
            wire.data[start : start + length].tobytes() for start, length in zip(starts, lengths, strict=True)
        ]
        assert read == [frames[row][1] for row in group.rows.tolist()]


def test_no_frame_is_in_no_group() -> None:
    """An empty batch has no groups."""
    assert list(Sorted(*_told([])).groups()) == []


@pytest.mark.parametrize("profile", _PROFILES)
def test_frames_mean_the_same_among_others(profile: str) -> None:
    """A profile's readings are the same whether its frames come alone or among those of others."""
    frames = _drawn()
    alone = decode(*_told([(own, frame) for own, frame in frames if own == profile])[:2])
    mixed = decode(*_told(frames)[:2])

    for family in Family:
        own = [row for row in mixed.readings[family].to_pylist() if row["profile"] == profile]
        theirs = alone.readings[family].to_pylist()
        assert [row | {"frame": 0} for row in own] == [row | {"frame": 0} for row in theirs]


def test_runs_keep_the_order_of_their_rows() -> None:
    """The rows of each number are given together, numbers and rows ascending."""
    runs = runs_of(np.array([2, 0, 2, 1, 0], np.int16))

    assert [(number, rows.tolist()) for number, rows in runs] == [(0, [1, 4]), (1, [3]), (2, [0, 2])]


def test_nothing_has_no_runs() -> None:
    """No rows, no runs."""
    assert runs_of(np.zeros(0, np.int16)) == []
