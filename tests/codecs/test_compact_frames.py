"""Frames that leave out what an earlier frame of their device said: with it they mean what full ones mean."""

import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_fixtures import RECEIVED_AT_US, ROOT, SHANGHAI, load
from narrowgate_codecs import Context, Decoded, decode, uplinks_from
from narrowgate_codecs.decode import decode_by_row
from narrowgate_codecs.grammars.en13757_compact import folded, signature_of, weave_of
from narrowgate_codecs.profiles.en13757.records import FORMATS
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_schema.words import Family

_NAME = "en13757_wmbus_water_v1"
_RADIO = bytes.fromhex("442d2c785634121b168c2011")
_HEADS = ("0413", "426c", "4413", "025b")
_OTHER_HEADS = ("0413", "426c", "4413", "0267")


def _full(volume_l: int, heads: tuple[str, ...] = _HEADS) -> bytes:
    values = (volume_l.to_bytes(4, "little"), b"\xdf\x2c", bytes(4), b"\x15\x00")
    return b"".join(bytes.fromhex(head) + value for head, value in zip(heads, values, strict=True))


def _telegram(ci: int, content: bytes) -> bytes:
    telegram = _RADIO + bytes([ci]) + content
    return bytes([len(telegram)]) + telegram


def _announcing(volume_l: int, heads: tuple[str, ...] = _HEADS) -> bytes:
    return _telegram(0x78, _full(volume_l, heads))


def _compact(volume_l: int, heads: tuple[str, ...] = _HEADS) -> bytes:
    return _telegram(0x79, folded(_full(volume_l, heads)))


def _decoded(
    sent: list[tuple[str, bytes]], facts: pa.RecordBatch | None = None, by: Any = decode, first: int = 0
) -> Decoded:
    uplinks = uplinks_from([frame for _, frame in sent], received_at_us=RECEIVED_AT_US, first_frame=first)
    context = Context([device for device, _ in sent], [_NAME] * len(sent), SHANGHAI, facts=facts)
    result: Decoded = by(uplinks, context)
    return result


def _meaning(result: Decoded) -> tuple[Any, ...]:
    return (
        {family: batch.to_pylist() for family, batch in result.readings.items()},
        result.refusals.to_pylist(),
        result.facts.to_pylist(),
        result.dispositions,
        result.messages,
        result.values,
    )


def _volumes(result: Decoded) -> list[float]:
    rows = result.readings[Family.WATER].to_pylist()
    return [row["volume_m3"] for row in rows if row["series"] == ""]


def test_compact_frame_says_what_its_full_one_says() -> None:
    """Behind an announcement a compact frame has the full one's values, heads included."""
    full, compact = _decoded([("a", _announcing(4711)), ("a", _compact(4711))]).values

    assert (compact["records"], compact["history"]) == (full["records"], full["history"])


def test_compact_frame_before_its_full_one_waits() -> None:
    """A signature that nobody announced so far is refused as one that is retried when it is."""
    result = _decoded([("a", _compact(1)), ("a", _announcing(2)), ("a", _compact(3)), ("b", _compact(4))])

    assert [(row["frame"], row["reason"]) for row in result.refusals.to_pylist()] == [
        (0, "context_missing"),
        (3, "context_missing"),
    ]


def test_frames_of_many_devices_are_planned() -> None:
    """Announcements and, behind them, compact frames are read by the plan; each device announces once."""
    devices = [f"d{number}" for number in range(20)]
    first = _decoded([(device, _announcing(7)) for device in devices * 2])
    later = _decoded([(device, _compact(8)) for device in devices * 2], first.facts, first=100)

    assert (first.by_row, first.facts.num_rows) == (0, 20)
    assert (later.by_row, _volumes(later)) == (0, [0.008] * 40)


def test_formats_of_the_family_are_known() -> None:
    """A compact frame of a published format needs no announcement, alone and among many."""
    case = load(ROOT / _NAME / "kamwater_v0441.toml")
    frame = bytes.fromhex(case["hex"])

    assert [_volumes(_decoded([("a", frame)] * count)) for count in (1, 20)] == [[60.77], [60.77] * 20]


def test_formats_of_the_family_have_the_published_signatures() -> None:
    """The heads that are known of families of meters have the signatures that their frames carry."""
    signatures = {f"{signature_of(bytes.fromhex(str(heads))):04x}" for _, heads in FORMATS}

    assert signatures == {"dd34", "7c0e", "a8ed", "d2f7", "61eb", "c412", "36d4", "a9f3", "0905", "052d"}


@pytest.mark.parametrize(
    ("behind", "reason"), [("2f", []), ("2f2f2f2f", []), ("2f00", ["length"]), ("00", ["length"])]
)
def test_filler_may_stand_behind_the_values(behind: str, reason: list[str]) -> None:
    """What fills an encrypted block up stands behind the values; anything else there is refused."""
    result = _decoded(
        [("a", _announcing(1)), ("a", _telegram(0x79, folded(_full(4711, _HEADS)) + bytes.fromhex(behind)))]
    )

    assert result.refusals.column("reason").to_pylist() == reason


@pytest.mark.parametrize("damage", [range(17, 19), range(19, 31)])
def test_damaged_compact_frame_is_refused(damage: range) -> None:
    """A bit that fell in the sum or in any value is found by the full frame's check sum."""
    good = _compact(4711)
    sent = [("a", bytes([*good[:at], good[at] ^ 4, *good[at + 1 :]])) for at in damage if at < len(good)]
    result = _decoded([("a", _announcing(1)), *sent])

    reasons = result.refusals.column("reason").to_pylist()
    assert reasons == ["integrity"] * len(sent)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "length"),
        (b"\xed\xa8\x01", "length"),
        (b"\xed\xa8\x01\x02\x03", "length"),
        (b"\x01\x02\x03\x04", "context_missing"),
    ],
)
def test_cut_compact_frame_is_refused(content: bytes, reason: str) -> None:
    """What is shorter than its format, or than any, gives no reading."""
    result = _decoded([("a", _telegram(0x79, content))])

    assert result.refusals.column("reason").to_pylist() == [reason]


def test_values_of_any_length_are_not_announced() -> None:
    """A frame with a text in it has no format that others could go by."""
    text = _telegram(0x78, bytes.fromhex("0413010000000d7803414243"))

    assert _decoded([("a", text)]).facts.num_rows == 0


@pytest.mark.parametrize("heads", [b"\x0d\x13", b"\x0f", b"\x04", b"\x04\x93", b"\x84" * 30])
def test_heads_that_no_frame_can_announce_are_refused(heads: bytes) -> None:
    """Heads from elsewhere that are none do not raise anything else."""
    with pytest.raises(FrameRefused):
        weave_of(heads)


@given(st.integers(0, 2**32), st.booleans())
def test_plan_weaves_what_construct_weaves(seed: int, is_known: bool) -> None:
    """Full, compact and broken frames of several devices mean the same by plan and by construct."""
    rng = random.Random(seed)
    family = folded(bytes.fromhex("02ff20000004130100000044130200000061" + "5b1261670d"))
    frames = [_announcing, _compact, lambda volume_l, heads: _telegram(0x79, family)]
    sent: list[tuple[str, bytes]] = []
    for _ in range(50):
        frame = rng.choices(frames, (1, 5, 3))[0](rng.randrange(9999), rng.choice((_HEADS, _OTHER_HEADS)))
        if rng.random() < 0.05:
            frame = frame[: rng.randrange(len(frame))] + bytes([rng.randrange(256)])
        sent.append((rng.choice("abcdefgh"), frame))
    told = [(device, _announcing(1, heads)) for device in "abcdef" for heads in (_HEADS, _OTHER_HEADS)]
    facts = _decoded(told).facts if is_known else None

    whole, truth = (_meaning(_decoded(sent, facts, by, first=20)) for by in (decode, decode_by_row))

    assert whole == truth
