"""Everything that declarations can say, by construct and by plan."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import RECEIVED_AT_US, SHANGHAI, decoded, readings
from codec_vocabulary import KINDS, PROFILES
from narrowgate_bench.codec_frames import Sender
from narrowgate_bench.codec_fuzz import both, differences, worn
from narrowgate_codecs import encode, registry
from narrowgate_codecs.checksums import right_sum, right_sums
from narrowgate_codecs.elements import Check, CheckKind

_NAMES = [profile.name for profile in PROFILES]
_HOUR_US = 3_600_000_000


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    for profile in PROFILES:
        registry.register(profile)
    yield
    for profile in PROFILES:
        registry._profiles.pop(profile.name)


@pytest.mark.parametrize("name", _NAMES)
@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_valid_frames_mean_the_same(name: str, seed: int) -> None:
    """Whatever the vocabulary can send means the same by plan and by construct."""
    sender = Sender(name, "up", random.Random(seed))

    assert differences([sender.sent() for _ in range(24)], name, "up", received_at_us=RECEIVED_AT_US) == []


@pytest.mark.parametrize("name", _NAMES)
@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_damaged_frames_mean_the_same(name: str, seed: int) -> None:
    """Damaged frames of the whole vocabulary, check sums mended, are refused or read alike."""
    rng = random.Random(seed)
    sender = Sender(name, "up", rng)

    frames = worn([sender.sent() for _ in range(24)], name, "up", rng)

    assert differences(frames, name, "up", received_at_us=RECEIVED_AT_US) == []


@pytest.mark.parametrize("name", _NAMES)
def test_plan_reads_the_whole_vocabulary(name: str) -> None:
    """No frame that the vocabulary can send needs the row engine."""
    sender = Sender(name, "up", random.Random(5))

    _, _, by_row = both([sender.sent() for _ in range(300)], name, "up")

    assert by_row == 0


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("crc16_arc", 0xBB3D),
        ("crc16_modbus", 0x4B37),
        ("crc16_xmodem", 0x31C3),
        ("crc16_ccitt_false", 0x29B1),
        ("crc16_kermit", 0x2189),
        ("crc16_x25", 0x906E),
        ("crc16_en13757", 0xC2B7),
    ],
)
def test_cyclic_codes_are_those_of_the_catalogue(kind: CheckKind, right: int) -> None:
    """Each cyclic code gives the catalogue's sum of the digits 1 to 9."""
    assert right_sum(Check(kind, "start"), b"123456789") == right


def test_combination_may_start_from_a_byte() -> None:
    """A combination of bytes starts from what its declaration says."""
    assert right_sum(Check("xor8", "start", start=0x55), b"\x01\x02") == 0x56


@given(
    st.sampled_from([*KINDS, "sum8_inverted", "crc16_kermit"]), st.lists(st.binary(max_size=70), max_size=9)
)
def test_sums_of_a_batch_are_those_of_its_spans(kind: CheckKind, spans: list[bytes]) -> None:
    """The check sums of a batch are those of its spans one by one, empty ones too."""
    check = Check(kind, "start", start=0 if kind.startswith("crc16") else 0x55)
    lengths = np.array([len(span) for span in spans], np.int64)
    starts = np.cumsum(lengths) - lengths
    data = np.frombuffer(b"".join((*spans, b"\0")), np.uint8)

    sums = right_sums(check, data, starts, starts + lengths)

    assert sums.tolist() == [right_sum(check, span) for span in spans]


def test_long_spans_are_summed_one_by_one() -> None:
    """A span longer than the tables of a batch has its own right sum."""
    check, span = Check("crc16_modbus", "start"), bytes(range(256)) * 9
    data = np.frombuffer(span + b"\0", np.uint8)

    sums = right_sums(check, data, np.array([0, 3]), np.array([len(span), 8]))

    assert sums.tolist() == [right_sum(check, span), right_sum(check, span[3:8])]


def _sent(message: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return readings(decoded(encode(_NAMES[0], message, values), _NAMES[0]))


def test_history_runs_forwards_from_its_clock() -> None:
    """Differences are added up from the logged number, a step of time each."""
    rows = _sent(
        "forwards",
        {
            "logged_at": "2025-06-01T00:00:00Z",
            "log_m3": 10.0,
            "count": 2,
            "history": [{"volume_m3": 10.5}, {"volume_m3": 11.25}],
        },
    )

    assert [(row["series"], row["time"], row["volume_m3"]) for row in rows] == [
        ("", "2025-06-01T00:00:00Z", 10.0),
        ("hourly", "2025-06-01T01:00:00Z", 10.5),
        ("hourly", "2025-06-01T02:00:00Z", 11.25),
    ]


def test_history_runs_backwards_from_its_clock() -> None:
    """Differences are taken off the newest number, back in time."""
    rows = _sent(
        "backwards",
        {
            "logged_at_ms": "2025-06-01T00:00:00Z",
            "newest": 100,
            "past": [{"volume_m3": 97}, {"volume_m3": 99}],
        },
    )

    assert [(row["time"], row["volume_m3"]) for row in rows] == [
        ("2025-05-31T23:45:00Z", 97.0),
        ("2025-05-31T23:30:00Z", 99.0),
    ]


def test_history_without_a_clock_gives_no_rows() -> None:
    """Items of a history whose clock was never set cannot be dated and give no reading."""
    rows = _sent("backwards", {"logged_at_ms": None, "newest": 100, "past": [{"volume_m3": 97}]})

    assert rows == []


def test_float_that_is_no_number_is_null() -> None:
    """A float that is no number says nothing; the others of its frame stay."""
    rows = _sent("floats", {"battery_v": 3.5, "pressure_bar": None, "flow_m3_per_h": 0.25})

    assert rows == [{"series": "", "battery_v": 3.5, "flow_m3_per_h": 0.25, "time": "received"}]


def test_decimal_with_leading_f_is_negative() -> None:
    """A packed decimal whose first digit is F is negative where its declaration says so."""
    values = {"number": "ab 1", "volume_m3": -1.5, "temperature_c": -273.1, "clock": None, "empty_pipe": True}

    row = _sent("decimals", values)[0]

    assert (row["volume_m3"], row["temperature_c"]) == (-1.5, -273.1)


def test_unknown_record_with_a_length_is_passed_over() -> None:
    """A record of an unknown tag says its tag and bytes; those behind it are read."""
    records = [
        {"record": "other", "tag": 0x77, "data": "00ff"},
        {"record": "temperature", "temperature_c": 21.5},
    ]

    result = decoded(encode(_NAMES[0], "tlv", {"records": records}), _NAMES[0])

    assert (result.values[0]["records"], readings(result)[0]["temperature_c"]) == (
        [{"record": "other", "tag": "77", "data": "00ff"}, records[1]],
        21.5,
    )


def test_record_with_a_length_is_refused_alone() -> None:
    """A record too short for its kind is refused; the ones behind it stay, for their places are known."""
    broken = bytes.fromhex("0101ff") + bytes.fromhex("0102d700")
    body = b"\x05" + broken
    check = right_sum(Check("crc16_en13757", "start"), body).to_bytes(2)
    frame = b"\xa5\x5a\x01" + (len(body) + 2).to_bytes(3, "little") + body + check

    result = decoded(frame, _NAMES[0])

    assert (
        result.refusals.column("detail").to_pylist(),
        readings(result)[0]["temperature_c"],
    ) == (["records[0].temperature_c: 2 bytes wanted at byte 9, 1 left"], 21.5)


def test_hostile_count_allocates_nothing() -> None:
    """A count beyond the frame is refused by plan and by construct alike."""
    body = b"\x02" + bytes(8) + b"\xff"
    check = right_sum(Check("crc16_en13757", "start"), body).to_bytes(2)
    frame = b"\xa5\x5a\x01" + (len(body) + 2).to_bytes(3, "little") + body + check

    result = decoded(frame, _NAMES[0])

    assert (
        result.refusals.column("reason").to_pylist(),
        differences([(frame, None)] * 9, _NAMES[0], "up"),
    ) == (
        ["length"],
        [],
    )


def test_local_zone_does_not_touch_instants() -> None:
    """An instant counted from an epoch is UTC, whatever the city's zone."""
    frame = encode(_NAMES[0], "backwards", {"logged_at_ms": "2025-06-01T00:00:00Z", "newest": 0, "past": []})

    result = decoded(frame, _NAMES[0], timezone=SHANGHAI)

    assert result.values[0]["logged_at_ms"] == "2025-06-01T00:00:00Z"


def test_number_is_scaled_by_a_code() -> None:
    """A number is multiplied by the factor of a code; a code without one says nothing."""
    sample = {"sampled_pulses": 12, "sampled_at": "2024-01-01T00:00:00Z"}
    values = {"imei": "1" * 15, "pulses_per_litre": 0, "pulses": 3, "samples": [sample]}

    frames = [encode(_NAMES[0], "pulses", {**values, "coefficient": code}) for code in (0x81, 0x82)]

    said: list[Any] = [decoded(frame, _NAMES[0]).values[0] for frame in frames]
    assert [(one["samples"][0]["sampled_m3"], one["pulsed_m3"]) for one in said] == [
        (0.06, None),
        (None, None),
    ]


def test_marked_bits_may_begin_an_element() -> None:
    """An element that is there only where its first digit says so is read with that digit."""
    values = {"imei": "1" * 15, "imsi": "2" * 15, "pulses_per_litre": 1, "pulses": 3, "coefficient": 0}

    result = decoded(encode(_NAMES[0], "pulses", values), _NAMES[0])

    assert (result.values[0]["imei"], result.values[0]["imsi"]) == ("1" * 15, "2" * 15)


def test_length_tells_messages_apart() -> None:
    """Without a code a message is told by its length, and another length is refused as such."""
    frame = encode(_NAMES[5], "short_log", {"log_m3": 7})

    results = [decoded(sent, _NAMES[5]) for sent in (frame, _longer(frame))]

    said = [(result.messages[0], result.refusals.column("reason").to_pylist()) for result in results]
    assert said == [("short_log", []), (None, ["length"])]


def _longer(frame: bytes) -> bytes:
    """Give a summed frame of the last kind with one byte more inside."""
    inside = frame[6:-1] + b"\x00"
    return frame[:3] + (len(inside) + 1).to_bytes(3, "little") + inside + bytes([sum(inside) & 0xFF])


def test_value_of_the_past_needs_its_instant() -> None:
    """A value of the past whose clock was never set is no reading, where the mapping says so."""
    frames = [
        encode(_NAMES[0], "log", {"logged_at": logged_at, "log_m3": 7})
        for logged_at in (None, "2024-01-01T00:00:00Z")
    ]

    assert [len(readings(decoded(frame, _NAMES[0]))) for frame in frames] == [0, 1]
