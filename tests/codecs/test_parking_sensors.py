"""What parking sensors must never say, whatever they send, and what their stays and clocks mean."""

import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from codec_fixtures import decoded, readings
from narrowgate_bench.codec_frames import Sender
from narrowgate_codecs import PROFILES, Context, decode, encode, uplinks_from
from narrowgate_codecs.registry import BUILT_IN
from narrowgate_schema.words import Family

_SENSORS = sorted(name for name in BUILT_IN if PROFILES[name].family is Family.PARKING)
_FAULTY = [
    name
    for name in _SENSORS
    if any(carry.field == "sensor_fault" for reading in PROFILES[name].readings for carry in reading.carries)
]


def _rows(profile: str, count: int) -> list[dict[str, Any]]:
    """Give the readings of frames drawn over all that a sensor can send."""
    sender = Sender(profile, "up", random.Random(5))
    sent = [sender.sent() for _ in range(count)]
    uplinks = uplinks_from([frame for frame, _ in sent], ports=[port for _, port in sent])
    context = Context(["bay"] * count, [profile] * count, ZoneInfo("UTC"))
    rows: list[dict[str, Any]] = decode(uplinks, context).readings[Family.PARKING].to_pylist()
    return rows


@pytest.mark.parametrize("profile", _FAULTY)
def test_faulty_sensor_never_frees_its_bay(profile: str) -> None:
    """No frame of any sensor says that a bay is free together with a fault."""
    faulty = [row for row in _rows(profile, 2000) if row["sensor_fault"]]

    assert (bool(faulty), [row for row in faulty if row["occupied"] is False]) == (True, [])


@pytest.mark.parametrize("profile", _SENSORS)
def test_stay_belongs_to_a_bay_that_is_free_now(profile: str) -> None:
    """A stay is stated only with a reading that says free: it is the time before the car left."""
    rows = _rows(profile, 2000)

    assert [row for row in rows if row["stay_s"] is not None and row["occupied"] is not False] == []


@pytest.mark.parametrize(("again", "state"), [("02", False), ("03", True)])
def test_repeated_state_is_the_same_state(again: str, state: bool) -> None:
    """A VD33D's periodic repeat of a state is that state, not another one."""
    sent = {
        "device_sn": "81010042",
        "event_at": "2025-01-01T00:00:00Z",
        "spot_count": 1,
        "spot_status": again,
    }

    (row,) = readings(decoded(encode("movebroad_vd33d_v1", "short_status", sent), "movebroad_vd33d_v1"))

    assert row["occupied"] is state


def test_report_is_dated_back_to_the_change() -> None:
    """A CTWing report that comes late is dated by its own milliseconds, not by reception."""
    report = bytes.fromhex("020001001740670a3d00000064000001941f297e2b01000100000141")

    (row,) = readings(decoded(report, "ctwing_parking_v1"))

    assert row["time"] == "2025-01-01T00:00:00.555000Z"


def test_clock_over_udp_runs_in_its_own_zone() -> None:
    """A VD33D's packed clock is UTC+8 in a city of another zone as well."""
    sent = {
        "device_sn": "81010042",
        "spot_status": "01",
        "battery": "00",
        "event_at": "2025-07-01T08:00:00",
        "spot_count": 1,
        **{f"magnetic_{axis}": 0 for axis in "xyz"},
    }
    frame = encode("movebroad_vd33d_udp_v1", "status", sent)

    (row,) = readings(decoded(frame, "movebroad_vd33d_udp_v1", timezone=ZoneInfo("Europe/Berlin")))

    assert row["time"] == "2025-07-01T00:00:00Z"


def test_same_bytes_mean_what_their_port_says() -> None:
    """A Bosch sensor's two bytes are a heartbeat on port 2 and no frame on port 1."""
    heartbeat, status = (decoded(b"\x01\xf6", "bosch_tps110_v1", port=port) for port in (2, 1))

    assert (readings(heartbeat)[0]["temperature_c"], status.refusals.num_rows) == (-10.0, 1)


@pytest.mark.parametrize(
    ("code", "minutes"), [(0, 0), (89, 89), (90, 90), (119, 235), (120, 240), (126, 600), (127, None)]
)
def test_compressed_stay_is_unfolded(code: int, minutes: int | None) -> None:
    """An Nwave sensor's code of seven bits stands for minutes, fives of minutes, hours, or no length."""
    (row,) = readings(decoded(bytes([code << 1]), "nwave_nps405_v1", port=1))

    assert row.get("stay_s") == (None if minutes is None else 60.0 * minutes)


@pytest.mark.parametrize("at", range(5, 75))
def test_changed_byte_of_a_summed_frame_is_seen(at: int) -> None:
    """No single changed byte of a VD33D's UDP frame goes unseen."""
    sent = {"device_sn": "81010042", "spot_status": "00", "battery": "00", "spot_count": 1, "event_at": None}
    frame = bytearray(
        encode("movebroad_vd33d_udp_v1", "status", {**sent, **{f"magnetic_{axis}": 0 for axis in "xyz"}})
    )
    frame[at] ^= 0x10

    assert decoded(bytes(frame), "movebroad_vd33d_udp_v1").refusals.num_rows == 1
