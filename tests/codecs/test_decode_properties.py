"""Bytes never raise, and a batch means what its frames mean one by one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from codec_fixtures import CASES, RECEIVED_AT_US, SHANGHAI, load
from narrowgate_codecs import PROFILES, Context, Decoded, candidates, decode, uplinks_from
from narrowgate_schema.words import Disposition

_SEEDS = [(path.parent.name, load(path)["direction"], bytes.fromhex(load(path)["hex"])) for path in CASES]


@st.composite
def _frames(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """Draw a profile, a direction and a frame: random bytes, or a golden frame cut, longer or changed."""
    profile, direction, frame = draw(st.sampled_from(_SEEDS))
    kind = draw(st.sampled_from(["random", "cut", "longer", "changed"]))
    if kind == "random":
        return profile, direction, draw(st.binary(max_size=80))
    if kind == "cut":
        return profile, direction, frame[: draw(st.integers(0, len(frame)))]
    if kind == "longer":
        return profile, direction, frame + draw(st.binary(min_size=1, max_size=20))
    changed = bytearray(frame)
    for at, byte in draw(
        st.lists(st.tuples(st.integers(0, max(0, len(frame) - 1)), st.integers(0, 255)), max_size=3)
    ):
        if changed:
            changed[at] = byte
    return profile, direction, bytes(changed)


def _decode(frames: list[tuple[str, str, bytes]], first_frame: int = 0) -> Decoded:
    uplinks = uplinks_from(
        [frame for _, _, frame in frames], received_at_us=RECEIVED_AT_US, first_frame=first_frame
    )
    directions: Any = [direction for _, direction, _ in frames]
    profiles = [profile for profile, _, _ in frames]
    # Each frame its own device: what one announces says nothing of another.
    devices = [f"d{first_frame + at}" for at in range(len(frames))]
    return decode(uplinks, Context(devices, profiles, SHANGHAI, directions=directions))


@given(_frames())
def test_bytes_never_raise(drawn: tuple[str, str, bytes]) -> None:
    """Whatever the bytes, decode answers with a disposition, and a refusal where it is not stored."""
    result = _decode([drawn])

    assert (result.dispositions == [Disposition.STORED]) == (result.refusals.num_rows == 0)


@given(st.lists(_frames(), max_size=12))
def test_batch_is_its_frames_one_by_one(drawn: list[tuple[str, str, bytes]]) -> None:
    """A batch gives the same readings, refusals and values as its frames decoded alone."""
    whole = _decode(drawn)
    alone = [_decode([one], first_frame=at) for at, one in enumerate(drawn)]

    assert (
        whole.refusals.to_pylist(),
        {family: batch.to_pylist() for family, batch in whole.readings.items()},
        list(zip(whole.dispositions, whole.identities, whole.messages, whole.values, strict=True)),
    ) == (
        [row for one in alone for row in one.refusals.to_pylist()],
        {
            family: [row for one in alone for row in one.readings[family].to_pylist()]
            for family in whole.readings
        },
        [(one.dispositions[0], one.identities[0], one.messages[0], one.values[0]) for one in alone],
    )


@given(st.binary(max_size=80))
def test_candidates_are_profiles_that_store_the_frame(frame: bytes) -> None:
    """Detection names exactly the profiles that would store the frame whole."""
    stored = [
        name for name in PROFILES if _decode([(name, "up", frame)]).dispositions == [Disposition.STORED]
    ]

    assert stored == sorted(candidates(frame), key=list(PROFILES).index)


def test_hostile_length_allocates_nothing() -> None:
    """A length that runs past the frame is refused before anything of that size is read."""
    result = _decode([("huati_nb_v1", "up", bytes.fromhex("aa720000ffff01"))])

    assert result.refusals.column("reason").to_pylist() == ["length"]


def test_datagram_full_of_records_is_bounded() -> None:
    """Of a datagram with more records than a device sends the first are read, the rest is refused."""
    result = _decode([("pni_placepod_v1", "up", b"\x15\x66\x01" * 21_845)])

    records: Any = result.values[0]["records"]
    assert (
        len(records),
        result.refusals.column("reason").to_pylist(),
        result.dispositions,
    ) == (256, ["length"], [Disposition.PARTIAL])
