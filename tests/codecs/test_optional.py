"""Parts of a frame that are there or not, and items that are as wide as they say themselves."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import RECEIVED_AT_US, decoded, readings
from codec_optional import OPTIONAL
from narrowgate_bench.codec_frames import Sender
from narrowgate_bench.codec_fuzz import both, differences, worn
from narrowgate_codecs import encode, registry
from narrowgate_codecs.elements import Bits, Int, Part
from narrowgate_codecs.layout import Lead, Switch, Tail, When
from narrowgate_codecs.validate import validated
from narrowgate_schema.words import Disposition

_NAME = OPTIONAL.name
_OFF = {f"has_{bit}": False for bit in range(6)}


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(OPTIONAL)
    yield
    registry._profiles.pop(_NAME)


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_frames_mean_the_same(seed: int) -> None:
    """Sound and damaged frames with optional parts mean the same by plan and by construct."""
    rng = random.Random(seed)
    sender = Sender(_NAME, "up", rng)
    frames = [sender.sent() for _ in range(24)]

    damaged = worn(frames, _NAME, "up", rng)

    assert differences(frames + damaged, _NAME, "up", received_at_us=RECEIVED_AT_US) == []


def test_plan_reads_all_of_it() -> None:
    """No frame with optional parts and items of their own width needs the row engine."""
    sender = Sender(_NAME, "up", random.Random(5))

    _, _, by_row = both([sender.sent() for _ in range(400)], _NAME, "up")

    assert by_row == 0


def test_cut_item_at_the_end_of_a_record_is_told() -> None:
    """A last item that its record's end cuts is refused by the plan too, and is no record of its own."""
    frame = bytes.fromhex("fe" + "29a152fe8a" + "eac5b0c33d" + "2bff2bff")

    whole, truth, _ = both([(frame, 50)] * 64, "nas_ul20xx_v11", "down")

    assert [one.refusals["detail"][0].as_py() for one in (whole, truth)] == [
        "settings[0].light_steps[1].level_pct: 1 bytes wanted at byte 15, 0 left"
    ] * 2


def test_mask_says_which_fields_an_item_has() -> None:
    """Each item of a list has the fields that its own mask names."""
    frame = bytes.fromhex("0101e8030000" + "02033c000000 0500" + "0300")

    result = decoded(frame, _NAME, port=26)

    usages: Any = result.values[0]["usages"]
    assert [(one["address"], one.get("energy_kwh"), one.get("power_w")) for one in usages] == [
        (1, 1.0, None),
        (2, 0.06, 5),
        (3, None, None),
    ]


def test_item_that_is_cut_off_leaves_those_before_it() -> None:
    """Of a list to the end of the frame the items before one that is cut off survive."""
    result = decoded(bytes.fromhex("01023c00" + "0202"), _NAME, port=26)

    assert (result.dispositions, result.refusals.column("reason").to_pylist(), readings(result)) == (
        [Disposition.PARTIAL],
        ["length"],
        [{"series": "any", "power_w": 60.0, "time": "received"}],
    )


@pytest.mark.parametrize(
    ("frame", "said"), [("0100 0064 00", 10.0), ("0200 0064 00", 10.0), ("0300 00", None)]
)
def test_earlier_value_says_what_follows(frame: str, said: float | None) -> None:
    """Fields of some versions only are read for those and passed by for others."""
    assert decoded(bytes.fromhex(frame), _NAME, port=23).values[0].get("voltage_v") == said


def test_condition_may_be_every_other_value() -> None:
    """A field can be there for every value but the named ones."""
    frames = [bytes.fromhex("0300 00"), bytes.fromhex("0310 f6 00")]

    assert [decoded(frame, _NAME, port=23).values[0].get("tilt_deg") for frame in frames] == [None, -10]


@pytest.mark.parametrize(("frame", "message"), [("01", "short"), ("0100000007", "long")])
def test_length_says_which_message_it_is(frame: str, message: str) -> None:
    """Messages of one port that only their lengths tell apart are told apart."""
    assert decoded(bytes.fromhex(frame), _NAME, port=5).messages == [message]


def test_length_of_no_message_is_refused() -> None:
    """A length that no message has is refused as `length`."""
    refusals = decoded(b"\x01\x02", _NAME, port=5).refusals.to_pylist()

    assert [(row["reason"], row["detail"]) for row in refusals] == [
        ("length", "left: no message of this layout has 2 bytes from here on")
    ]


def test_tail_needs_the_room_it_states() -> None:
    """A tail of three bytes is not begun where two are left: they are too many."""
    result = decoded(bytes.fromhex("0300 00 0102"), _NAME, port=23)

    assert result.refusals.column("detail").to_pylist() == ["2 bytes too many from byte 3"]


def test_encode_sends_what_the_mask_names() -> None:
    """Encode sends the fields that the mask's parts name, and refuses others."""
    usage = {**_OFF, "address": 9, "has_1": True, "power_w": 300}

    assert encode(_NAME, "usage", {"usages": [usage]}).hex() == "09022c01"


def test_encode_refuses_a_field_its_mask_does_not_name() -> None:
    """A value for a field that the mask leaves out is refused, not dropped."""
    with pytest.raises(ValueError, match="power_w: 300: the message has no such field"):
        encode(_NAME, "usage", {"usages": [{**_OFF, "address": 9, "power_w": 300}]})


@pytest.mark.parametrize(
    ("up", "said"),
    [
        ((When("a", (1,), ()), Int("a", 1)), "a does not stand before it"),
        ((Int("a", 1), When("a", (), ())), "no value is named"),
        ((Tail((Int("a", 1),), at_least=0),), "at_least 0; 1 is the least"),
        ((Tail((Int("a", 1),)), Switch("a", ())), "a does not always stand before it"),
        ((Lead(b"a", (Int("a", 1),)), Int("a", 1)), "the name a stands for two things"),
        (
            (Bits("b", 1, (Part("p", 0),)), When("p", (1,), (Int("a", 1),)), When("a", (1,), ())),
            "a does not always stand before it",
        ),
    ],
)
def test_condition_that_cannot_work_is_refused(up: tuple[Any, ...], said: str) -> None:
    """What goes by nothing, or by what may not be there, is refused at registration."""
    with pytest.raises(ValueError, match="nobody_optional_v1") as refused:
        validated(replace(OPTIONAL, up=up, readings=()))

    assert said in str(refused.value)
