"""Batches of frames become batches of readings."""

from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from codec_fixtures import RECEIVED_AT_US, SHANGHAI, decoded, readings
from narrowgate_codecs import PROFILES, Context, decode, encode, uplinks_from
from narrowgate_schema.tables import FACTS, READINGS, REFUSALS
from narrowgate_schema.words import Disposition, Family

_REPLY_HEAD = bytes.fromhex("6810880527101520008116901f01000000002c000000002c")
_BERLIN = ZoneInfo("Europe/Berlin")


def _reply(clock: str) -> bytes:
    body = _REPLY_HEAD + bytes.fromhex(clock) + b"\0\0"
    return body + bytes([sum(body) & 0xFF, 0x16])


def _instant(clock: str, received_at_us: int | None, zone: ZoneInfo = _BERLIN) -> int | None:
    uplinks = uplinks_from([_reply(clock)], received_at_us=received_at_us)
    result = decode(uplinks, Context([""], ["cjt188_water_v2004"], zone))
    time = result.readings[Family.WATER].column("time").cast("int64")
    instant: int | None = time.to_pylist()[0]
    return instant


def test_empty_batch_has_all_schemas() -> None:
    """No frames give empty batches of the right schemas, every family present."""
    result = decode(uplinks_from([]), Context([], [], SHANGHAI))

    assert (
        {family: batch.schema for family, batch in result.readings.items()},
        result.refusals.schema,
        result.facts.schema,
        result.dispositions,
    ) == (READINGS, REFUSALS, FACTS, [])


def test_frame_without_profile_is_unknown() -> None:
    """A frame whose sender has no profile is refused as unknown."""
    result = decoded(b"\x15\x66\x01", None)

    assert (
        result.refusals.column("reason").to_pylist(),
        result.dispositions,
    ) == (["unknown"], [Disposition.QUARANTINED])


def test_context_that_is_not_aligned_is_our_fault() -> None:
    """A context with another number of rows raises ValueError."""
    with pytest.raises(ValueError, match=r"context\.devices: 2 rows for 1 uplinks"):
        decode(uplinks_from([b""]), Context(["a", "b"], [None], SHANGHAI))


def test_profile_that_does_not_exist_is_our_fault() -> None:
    """A profile name outside the registry raises ValueError that names the known ones."""
    with pytest.raises(ValueError, match=rf"context\.profiles: 'x': one of {min(PROFILES)}"):
        decoded(b"", "x")


def test_direction_without_frames_is_refused() -> None:
    """A downlink of a device that takes none is refused as another model's."""
    result = decoded(b"\x15\x66\x01", "pni_placepod_v1", "down")

    assert result.refusals.column("reason").to_pylist() == ["model"]


def test_downlink_gives_no_reading() -> None:
    """A command says its values, but is no reading of the device."""
    frame = bytes.fromhex("aa720200001e000b05025903033c033c033cdf")

    result = decoded(frame, "huati_nb_v1", "down")

    assert (readings(result), result.messages[0]) == ([], "set_dimming")


def test_reading_carries_origin_and_radio_facts() -> None:
    """A reading names device, frame and profile, and has the transport's radio facts."""
    uplinks = uplinks_from([b"\x15\x66\x01"], received_at_us=RECEIVED_AT_US, first_frame=7)
    index = uplinks.schema.get_field_index("rsrp_dbm")
    uplinks = uplinks.set_column(index, uplinks.schema.field(index), pa.array([-101.5]))

    result = decode(uplinks, Context(["bay-1"], ["pni_placepod_v1"], SHANGHAI))

    row = result.readings[Family.PARKING].to_pylist()[0]
    assert (
        row["device"],
        row["frame"],
        row["profile"],
        row["rsrp_dbm"],
        row["late"],
    ) == ("bay-1", 7, "pni_placepod_v1", -101.5, None)


def test_good_records_survive_a_cut_one() -> None:
    """A cut record is refused with its place; the records before it make a reading."""
    result = decoded(bytes.fromhex("1566010267"), "pni_placepod_v1")

    assert (
        result.readings[Family.PARKING].column("occupied").to_pylist(),
        result.refusals.column("detail").to_pylist()[0],
    ) == ([True], "records[1].temperature_c: 2 bytes wanted at byte 5, 0 left")


def test_damaged_content_is_an_integrity_fault() -> None:
    """A frame damaged inside is refused for its check sum, not for what the damage looks like."""
    frame = bytearray(_reply("06201709011720"))
    frame[14] ^= 0x20

    result = decoded(bytes(frame), "cjt188_water_v2004")

    assert result.refusals.column("reason").to_pylist() == ["integrity"]


def test_hour_that_comes_twice_is_the_one_near_reception() -> None:
    """A clock of the hour that summer time's end repeats means the instant nearest to reception."""
    later_us = 1_761_442_200_000_000  # 2025-10-26 01:30 UTC, 02:30 for the second time

    assert later_us == _instant("00300226102520", later_us + 60_000_000)


def test_hour_that_comes_twice_is_the_first_without_reception() -> None:
    """Where reception is unknown, the repeated hour is its first one."""
    assert _instant("00300226102520", None) == 1_761_438_600_000_000


def test_clock_of_two_orders_is_the_one_near_reception() -> None:
    """A clock that is a time in both byte orders means the one nearest to reception."""
    received_us = 1_590_614_000_000_000  # 2020-05-27 21:13 UTC

    assert _instant("20200528051520", received_us, SHANGHAI) == 1_590_614_120_000_000


@pytest.mark.parametrize("clock", ["00000000000000", "ffffffffffffff", "60202000000000", "00000001010020"])
def test_clock_that_was_never_set_is_no_time(clock: str) -> None:
    """A clock of zeros, of F nibbles, of second 60 or of the year 2000 dates nothing."""
    row = readings(decoded(_reply(clock), "cjt188_water_v2004"))[0]

    assert (row["time"], row["clock_unsynchronised"]) == ("received", True)


def test_reading_without_clock_makes_no_claim_about_it() -> None:
    """A device without a clock is not called unsynchronised."""
    result = decoded(b"\x15\x66\x01", "pni_placepod_v1")

    assert result.readings[Family.PARKING].column("clock_unsynchronised").to_pylist() == [None]


def test_unknown_reception_leaves_time_null() -> None:
    """A reading that only reception could date has no time where reception is unknown."""
    uplinks = uplinks_from(
        [encode("pni_placepod_v1", "records", {"records": [{"record": "status", "occupied": True}]})]
    )

    result = decode(uplinks, Context([""], ["pni_placepod_v1"], SHANGHAI))

    assert result.readings[Family.PARKING].column("time").to_pylist() == [None]
