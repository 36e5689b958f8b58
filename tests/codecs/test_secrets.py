"""Encrypted regions and frames in blocks: what opens them, and what becomes of those that nothing opens."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import RECEIVED_AT_US, SHANGHAI, decoded, readings
from codec_secret import SECRET
from narrowgate_bench.codec_frames import KEY, Sender, Sent
from narrowgate_bench.codec_fuzz import both, differences, worn
from narrowgate_codecs import Context, encode, registry
from narrowgate_codecs.ciphers import derived_key
from narrowgate_codecs.elements import Hex
from narrowgate_codecs.known import Known
from narrowgate_codecs.layout import Array, Encrypted
from narrowgate_codecs.validate import validated

_NAME = SECRET.name
_OTHER = bytes(range(1, 17))
_HEAD: dict[str, Any] = {"maker": "1592", "address": "785634120107", "access": 42}
_MESSAGES = {
    "chained": {**_HEAD, "blocks": 1, "volume_m3": 12.345},
    "derived": {**_HEAD, "counter": "01000000", "volume_m3": 12.345},
    "counted": {**_HEAD, "session": "11223344", "records": [{"record": "t", "temperature_c": 21}]},
    "sized": {**_HEAD, "volume_m3": 12.345},
}


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    registry.register(SECRET)
    yield
    registry._profiles.pop(_NAME)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([KEY, None, (_OTHER, KEY), _OTHER, b"short"]))
def test_frames_mean_the_same(seed: int, key: Any) -> None:
    """Sound and damaged frames mean the same by plan and by construct, whatever the key."""
    rng = random.Random(seed)
    sender = Sender(_NAME, "up", rng)
    frames = [sender.sent() for _ in range(24)]

    frames += worn(frames, _NAME, "up", rng)

    assert differences(frames, _NAME, "up", received_at_us=RECEIVED_AT_US, key=key) == []


def test_plan_reads_all_of_it() -> None:
    """No frame that its key opens needs the row engine."""
    sender = Sender(_NAME, "up", random.Random(5))

    _, _, by_row = both([sender.sent() for _ in range(300)], _NAME, "up")

    assert by_row == 0


@pytest.mark.parametrize("message", sorted(_MESSAGES))
def test_key_opens_what_was_encrypted_with_it(message: str) -> None:
    """What encode encrypts with a key is read with that key."""
    frame = encode(_NAME, message, _MESSAGES[message], key=KEY)

    row = readings(decoded(frame, _NAME, keys=[KEY]))[0]

    assert (row.get("volume_m3"), row.get("temperature_c")) in [(12.345, None), (None, 21.0)]


@pytest.mark.parametrize("message", sorted(_MESSAGES))
@pytest.mark.parametrize(
    ("key", "reason"), [(None, "key_missing"), (_OTHER, "integrity"), (b"short", "key_missing")]
)
def test_frame_that_no_key_opens_gives_nothing(message: str, key: bytes | None, reason: str) -> None:
    """Without the right key an encrypted frame is refused and gives no reading."""
    frame = encode(_NAME, message, _MESSAGES[message], key=KEY)

    result = decoded(frame, _NAME, keys=[key])

    assert (result.refusals.column("reason").to_pylist(), readings(result)) == ([reason], [])


def test_either_of_two_valid_keys_opens() -> None:
    """While a device's key is changed both its keys open its frames."""
    frame = encode(_NAME, "chained", _MESSAGES["chained"], key=KEY)

    rows = [readings(decoded(frame, _NAME, keys=[keys])) for keys in ((_OTHER, KEY), (KEY, _OTHER))]

    assert [row[0]["volume_m3"] for row in rows] == [12.345, 12.345]


def test_frame_that_was_decrypted_on_its_way_is_read() -> None:
    """A region that travels plain although its mode says otherwise is read without a key."""
    frame = encode(_NAME, "chained", _MESSAGES["chained"])

    assert readings(decoded(frame, _NAME))[0]["volume_m3"] == 12.345


def test_no_block_encrypted_needs_no_key() -> None:
    """A message of which nothing is encrypted is read without a key."""
    frame = encode(_NAME, "chained", {**_MESSAGES["chained"], "blocks": 0})

    assert readings(decoded(frame, _NAME))[0]["volume_m3"] == 12.345


def _sent_in_blocks() -> bytes:
    """Give a plain frame with the check sums of format A."""
    values = {**_HEAD, "blocks": 0, "volume_m3": 1.5, "temperature_c": -3, "spare": "beef"}
    return encode(_NAME, "plain", values)


def test_check_sums_of_blocks_are_verified_and_taken_out() -> None:
    """A frame in blocks means what it means without their check sums."""
    assert readings(decoded(_sent_in_blocks(), _NAME)) == [
        {"series": "", "volume_m3": 1.5, "temperature_c": -3.0, "time": "received"}
    ]


@pytest.mark.parametrize("at", [3, 11, 14, 21])
def test_damaged_block_is_refused(at: int) -> None:
    """A damaged byte or check sum of any block refuses the frame as `integrity`."""
    frame = bytearray(_sent_in_blocks())
    frame[at] ^= 1

    assert decoded(bytes(frame), _NAME).refusals.column("reason").to_pylist() == ["integrity"]


def test_batch_of_frames_in_blocks_is_planned() -> None:
    """Frames in blocks and frames without their check sums are read by the plan, damaged ones excepted."""
    whole = _sent_in_blocks()
    stripped = whole[:10] + whole[12:-2]
    frames: list[Sent] = [(whole, None), (stripped, None)] * 20

    _, _, by_row = both(frames, _NAME, "up")

    assert (by_row, differences(frames, _NAME, "up")) == (0, [])


def test_derived_key_is_that_of_the_standard() -> None:
    """The derived key of one block is CMAC's value of RFC 4493's example."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")

    made = derived_key(key, bytes.fromhex("6bc1bee22e409f96e93d7e117393172a"))

    assert made.hex() == "070a16b46b4d4144f79bdd9dd04a287c"


def test_no_text_shows_a_key() -> None:
    """Neither what decode is handed nor what it works with shows a key."""
    shown = [repr(Context(["d"], [None], SHANGHAI, keys=[KEY])), repr(Known(1, (KEY,)))]

    assert [one for one in shown if repr(KEY)[2:-1] in one or KEY.hex() in one] == []


def test_encode_wants_a_key() -> None:
    """A message that travels encrypted cannot be made without a key."""
    with pytest.raises(ValueError, match="a key is wanted"):
        encode(_NAME, "sized", _MESSAGES["sized"])


@pytest.mark.parametrize(
    ("up", "said"),
    [
        ((Encrypted("aes_cbc", (bytes(15),), (), b"a"),), "15 bytes are to make the 16"),
        ((Hex("h", 4), Encrypted("aes_ctr", ("h",), (), b"a")), "4 bytes are to make the 16"),
        ((Encrypted("aes_ctr", ("h", bytes(12)), (), b"a"),), "h does not stand before it"),
        ((Encrypted("aes_cbc", (bytes(16),), ()),), "known either by how it opens or by its check sum"),
        ((Encrypted("aes_cbc", (bytes(16),), (), crc="sum8"),), "a check sum of two bytes is wanted"),
        (
            (Array("items", 2, (Hex("h", 1), Encrypted("aes_cbc", (bytes(16),), (), b"a"))),),
            "an encrypted region stands in the frame's own level",
        ),
    ],
)
def test_secret_that_cannot_work_is_refused(up: tuple[Any, ...], said: str) -> None:
    """A region begun by other than 16 bytes, or whose right key nothing shows, is refused."""
    with pytest.raises(ValueError, match="nobody_secret_v1") as refused:
        validated(replace(SECRET, up=up, readings=(), identity=None))

    assert said in str(refused.value)
