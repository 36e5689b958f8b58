"""The plan says what construct says, on every frame, refusals included."""

import os
import random
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import CASES, RECEIVED_AT_US, SHANGHAI, load
from narrowgate_bench.codec_frames import KEY, Sender, damaged, mended
from narrowgate_codecs import PROFILES, Context, Decoded, decode, uplinks_from
from narrowgate_codecs.decode import decode_by_row
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.layouts import EACH, LENGTHS
from narrowgate_codecs.plan import Plan, plan_of
from narrowgate_codecs.wire import packed

EXAMPLES = 6 * int(os.environ.get("NARROWGATE_CHAOS", "1"))
"""Batches that each profile is tried on; every run draws others."""
DENSE = 48
"""Frames of such a batch: what a batch costs beside its frames is paid less often than in small ones."""

_WAYS = [
    (profile.name, direction)
    for profile in PROFILES.values()
    for direction in ("up", "down")
    if profile.fields(direction)
]
_GOLDEN = [
    (path.parent.name, case["direction"], bytes.fromhex(case["hex"]), case.get("port"))
    for path, case in ((path, load(path)) for path in CASES)
]
_ZONES = ["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago"]

Frame = tuple[str, Direction, bytes, int | None]
Frames = list[Frame]


def _context(frames: Frames, zone: str) -> Context:
    return Context(
        [f"d{at}" for at in range(len(frames))],
        [profile for profile, _, _, _ in frames],
        ZoneInfo(zone),
        keys=[KEY] * len(frames),
        directions=[direction for _, direction, _, _ in frames],
    )


def _uplinks(frames: Frames, received_at_us: int | None = None) -> pa.RecordBatch:
    payloads, ports = [frame for _, _, frame, _ in frames], [port for _, _, _, port in frames]
    return uplinks_from(payloads, ports=ports, received_at_us=received_at_us)


def _sent(sender: Sender, profile: str, direction: Direction) -> Frame:
    frame, port = sender.sent()
    return profile, direction, frame, port


def _worn(sent: Frame, rng: random.Random) -> Frame:
    """Give a frame damaged, and now and then without its port or with another."""
    profile, direction, frame, port = sent
    return profile, direction, damaged(frame, rng), port if rng.random() < 0.8 else rng.choice((None, 0, 7))


def _meaning(decoded: Decoded) -> tuple[Any, ...]:
    return (
        {family: batch.to_pylist() for family, batch in decoded.readings.items()},
        decoded.refusals.to_pylist(),
        decoded.facts.to_pylist(),
        decoded.dispositions,
        decoded.identities,
        decoded.messages,
        decoded.values,
    )


def _both(frames: Frames, zone: str, received_at_us: int | None) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    uplinks = _uplinks(frames, received_at_us)
    context = _context(frames, zone)
    return _meaning(decode(uplinks, context)), _meaning(decode_by_row(uplinks, context))


def _mended(frames: Frames) -> Frames:
    """Give frames with right check sums, so that what stands behind the check sum is looked at."""
    refusals = decode_by_row(_uplinks(frames), _context(frames, "UTC")).refusals
    details = {refusal["frame"]: refusal["detail"] for refusal in refusals.to_pylist()}
    return [
        (profile, direction, mended(frame, details.get(at, "")), port)
        for at, (profile, direction, frame, port) in enumerate(frames)
    ]


_SEED = st.integers(0, 2**32)
_RECEIVED = st.none() | st.integers(0, 2**52)


@pytest.mark.parametrize(("profile", "direction"), _WAYS)
@settings(max_examples=EXAMPLES)
@given(_SEED, st.sampled_from(_ZONES), _RECEIVED)
def test_valid_frames_mean_the_same(
    profile: str, direction: Direction, seed: int, zone: str, received_at_us: int | None
) -> None:
    """Whatever a profile's encoder can send means the same by plan and by construct."""
    sender = Sender(profile, direction, random.Random(seed))
    frames = [_sent(sender, profile, direction) for _ in range(DENSE)]

    by_plan, by_row = _both(frames, zone, received_at_us)

    assert by_plan == by_row


@pytest.mark.parametrize(("profile", "direction"), _WAYS)
@settings(max_examples=EXAMPLES)
@given(_SEED, _RECEIVED)
def test_damaged_frames_mean_the_same(
    profile: str, direction: Direction, seed: int, received_at_us: int | None
) -> None:
    """Changed, cut, longer and random frames are refused alike, or read alike, check sums mended or not."""
    rng = random.Random(seed)
    sender = Sender(profile, direction, rng)
    frames = [_worn(_sent(sender, profile, direction), rng) for _ in range(DENSE)]

    by_plan, by_row = _both(_mended(frames) if seed % 4 else frames, "Europe/Berlin", received_at_us)

    assert by_plan == by_row


@pytest.mark.parametrize(("profile", "direction"), _WAYS)
@settings(max_examples=EXAMPLES)
@given(_SEED)
def test_frames_of_one_length_mean_the_same(profile: str, direction: Direction, seed: int) -> None:
    """Frames of a length and layout met before, some bytes of them others, mean the same by both."""
    rng = random.Random(seed)
    frame, port = Sender(profile, direction, rng).sent()
    known: Frames = [(profile, direction, frame, port)] * DENSE
    for _ in range(2):
        decode(_uplinks(known), _context(known, "UTC"))
    places = rng.sample(range(len(frame)), min(len(frame), rng.choice((1, 3, 12))))
    frames: Frames = []
    for _ in range(DENSE):
        changed = bytearray(frame)
        for place in places:
            changed[place] = rng.choice((rng.randrange(256), changed[place]))
        frames.append((profile, direction, bytes(changed), port))

    by_plan, by_row = _both(_mended(frames), "Asia/Shanghai", RECEIVED_AT_US)

    assert by_plan == by_row


@settings(max_examples=8 * EXAMPLES)
@given(_SEED)
def test_mixed_batch_means_the_same(seed: int) -> None:
    """Frames of all profiles and directions, shuffled, mean the same by plan and by construct."""
    rng = random.Random(seed)
    frames: Any = [rng.choice(_GOLDEN) for _ in range(60)]

    by_plan, by_row = _both(frames, "Asia/Shanghai", RECEIVED_AT_US)

    assert by_plan == by_row


@pytest.mark.parametrize(("profile", "direction"), _WAYS)
def test_plan_reads_every_frame_of_the_encoder(profile: str, direction: Direction) -> None:
    """No frame that a profile's encoder can send needs the row engine once its layout is learned."""
    sender = Sender(profile, direction, random.Random(7))
    frames = [_sent(sender, profile, direction) for _ in range(400)]
    by_row = [decode(_uplinks(frames), _context(frames, "UTC")).by_row for _ in range(9)]

    assert by_row[-1] == 0


def test_single_frames_are_counted_as_read_by_row() -> None:
    """A frame alone is read by the row engine, and counted."""
    decoded = decode(uplinks_from([b"\x15\x66\x01"]), Context(["d"], ["pni_placepod_v1"], SHANGHAI))

    assert decoded.by_row == 1


def test_hostile_frames_take_no_plan_from_honest_ones() -> None:
    """A thousand shapes of hostile frames leave the honest ones of their batch to the plan."""
    rng = random.Random(3)
    honest = [Sender("pni_placepod_v1", "up", rng).frame() for _ in range(50)]
    hostile = [rng.randbytes(rng.randrange(1, 300)) for _ in range(1000)]
    frames: Frames = [("pni_placepod_v1", "up", frame, None) for frame in (*hostile, *honest)]

    decoded = decode(_uplinks(frames), _context(frames, "UTC"))

    refused = {row["frame"] for row in decoded.refusals.to_pylist()}
    assert decoded.by_row == len(refused)


def _reports(count: int, seed: int) -> list[bytes]:
    sender = Sender("huati_nb_v1", "up", random.Random(seed), all_codes=False)
    return [sender.frame("report") for _ in range(count)]


def _read(plan: Plan, frames: list[bytes]) -> None:
    plan.read(*packed(frames))


def test_layout_is_kept_from_its_second_batch_on() -> None:
    """A layout is kept when a second batch has it: one that came once takes nobody's place."""
    plan = plan_of(PROFILES["huati_nb_v1"], PROFILES["huati_nb_v1"].up)

    _read(plan, _reports(20, 1))
    after_one = plan.layouts.count
    _read(plan, _reports(20, 2))

    assert (after_one, plan.layouts.count) == (0, 1)


def test_layouts_are_bounded() -> None:
    """Batches of ever new layouts are read, and no more layouts are kept than there is room for."""
    plan = plan_of(PROFILES["cjt188_water_v2004"], PROFILES["cjt188_water_v2004"].up)
    rng = random.Random(4)
    for length in range(14, 200):
        for _ in range(4):
            body = bytes([0x68, 0x10, *bytes(7), 0x85, length - 13, *rng.randbytes(length - 13)])
            frame = body + bytes([sum(body) & 0xFF, 0x16])
            _read(plan, [frame] * 2)

    assert plan.layouts.count <= LENGTHS * EACH


def test_known_layout_still_sees_damage() -> None:
    """Frames of a known layout with a wrong check sum or another register are refused as ever."""
    good = _reports(40, 5)
    frames: Frames = [("huati_nb_v1", "up", frame, None) for frame in good]
    for _ in range(3):
        _both(frames, "UTC", None)
    worse = bytearray(good[7])
    worse[20] ^= 1
    frames[7] = ("huati_nb_v1", "up", bytes(worse), None)

    by_plan, by_row = _both(frames, "UTC", None)

    assert (by_plan == by_row, [row["frame"] for row in by_plan[1]]) == (True, [7])


@given(_SEED)
@settings(max_examples=2 * EXAMPLES)
def test_known_layouts_mean_the_same(seed: int) -> None:
    """Batches whose layout was met before mean what construct says, whatever is damaged in them."""
    rng = random.Random(seed)
    sender = Sender("cjt188_water_v2004", "up", rng, all_codes=False)
    frame = sender.frame()
    for _ in range(4):
        frames: Frames = [("cjt188_water_v2004", "up", _changed(frame, rng), None) for _ in range(16)]

        by_plan, by_row = _both(_mended(frames), "Asia/Shanghai", RECEIVED_AT_US)

        assert by_plan == by_row


def _changed(frame: bytes, rng: random.Random) -> bytes:
    """Give the frame with, now and then, one other byte."""
    changed = bytearray(frame)
    if rng.random() < 0.2:
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)
