"""Encode sends what decode reads, from the same declaration, and says which value it cannot send."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_fixtures import SHANGHAI, decoded, readings
from narrowgate_codecs import PROFILES, encode

_RECORD = st.one_of(
    st.fixed_dictionaries({"record": st.sampled_from(["status", "keep_alive"]), "occupied": st.booleans()}),
    st.fixed_dictionaries(
        {"record": st.just("temperature"), "temperature_c": st.integers(-600, 1250).map(lambda n: n / 10)}
    ),
    st.fixed_dictionaries(
        {"record": st.just("battery"), "battery_v": st.integers(0, 2000).map(lambda n: n / 100)}
    ),
    st.fixed_dictionaries({"record": st.just("recalibrate"), "recalibrated": st.booleans()}),
    st.fixed_dictionaries({"record": st.just("reboot"), "rebooted": st.booleans()}),
)
_CLOCKS = st.integers(1_072_915_200, 4_102_444_799).map(
    lambda time_s: datetime.fromtimestamp(time_s, UTC).replace(tzinfo=None)
)
_REPORT = {"voltage_v": 226.3, "current_a": 0.45, "power_factor": 0.98, "energy_kwh": 7304.4, "signal": 15}
_METER = {"address": "00201510270588", "volume_m3": 12.34, "clock": None}


@given(
    st.from_regex(r"[0-9]{14}", fullmatch=True),
    st.none() | st.integers(0, 99_999_998).map(lambda n: n / 100),
    st.none() | _CLOCKS,
    st.sampled_from(["open", "closed", "fault"]),
    st.booleans(),
)
def test_meter_reply_comes_back(
    address: str, volume_m3: float | None, clock: datetime | None, valve: str, battery_low: bool
) -> None:
    """What a meter is made to say is what its frame says, the number of cubic metres to the last digit."""
    given_values = {
        "address": address,
        "volume_m3": volume_m3,
        "settlement_volume_m3": volume_m3,
        "clock": None if clock is None else clock.isoformat(),
        "valve": valve,
        "battery_low": battery_low,
    }

    result = decoded(encode("cjt188_water_v2004", "current_data", given_values), "cjt188_water_v2004")

    assert given_values == {name: result.values[0][name] for name in given_values}


@given(st.lists(_RECORD, max_size=8))
def test_records_come_back_in_order(records: list[dict[str, Any]]) -> None:
    """Any sequence of parking records comes back as it was sent."""
    frame = encode("pni_placepod_v1", "records", {"records": records})

    assert [{"records": records}] == decoded(frame, "pni_placepod_v1").values


@given(st.integers(0, 65534), st.integers(0, 2**32 - 2), st.integers(0, 100))
def test_lamp_report_comes_back(power: int, energy: int, factor: int) -> None:
    """A lamp's report comes back to the last digit of each register."""
    sent = {**_REPORT, "power_w": power / 10, "energy_kwh": energy / 10, "power_factor": factor / 100}

    result = decoded(encode("huati_nb_v1", "report", sent), "huati_nb_v1")

    assert sent == {name: result.values[0][name] for name in sent}


def test_dimming_order_is_the_vendors_frame() -> None:
    """Dimming three lamps to 60 % gives the vendor's own bytes."""
    lamps = [{"action": "dim", "level_pct": 60}] * 3

    frame = encode("huati_nb_v1", "set_dimming", {"mid": 30, "lamps": lamps})

    assert frame.hex() == "aa720200001e000b05025903033c033c033cdf"


def test_meter_clock_is_taken_as_datetime() -> None:
    """A clock may be given as a local datetime without zone; its instant is that of the city."""
    clock = datetime.fromisoformat("2026-01-02T03:04:05")

    frame = encode("cjt188_water_v2004", "current_data", {**_METER, "clock": clock})

    assert readings(decoded(frame, "cjt188_water_v2004"))[0]["time"] == "2026-01-01T19:04:05Z"


def test_tunnelled_frame_is_sent_with_its_prefix() -> None:
    """A tunnel's number puts its prefix before the frame."""
    values = {**_METER, "tunnel_number": "2017070000000921"}

    assert encode("cjt188_water_v2004", "current_data", values).startswith(b"CTRL:&2017070000000921\x68")


def test_value_that_is_left_out_is_not_measured() -> None:
    """A report without its power says so on the wire, and the rest of it is read."""
    (row,) = readings(decoded(encode("huati_nb_v1", "report", _REPORT), "huati_nb_v1"))

    assert ("power_w" in row, row["voltage_v"]) == (False, _REPORT["voltage_v"])


@pytest.mark.parametrize(
    ("profile", "message", "values", "said"),
    [
        ("nobody_v1", "report", {}, f"profile 'nobody_v1': one of {min(PROFILES)},"),
        ("huati_nb_v1", "reports", {}, "huati_nb_v1 message 'reports': one of report,"),
        ("huati_nb_v1", "report", {**_REPORT, "power_w": 6553.6}, "power_w: 6553.6: 0 to 6553.4 is possible"),
        ("huati_nb_v1", "report", {**_REPORT, "signal": None}, "signal: None: a number is wanted"),
        ("huati_nb_v1", "report", {**_REPORT, "power_w": True}, "power_w: True: a number is wanted"),
        ("huati_nb_v1", "report", {**_REPORT, "power_w": float("nan")}, "power_w: nan: a finite number"),
        (
            "huati_nb_v1",
            "report",
            {**_REPORT, "power_w": 1, "lux": 3},
            "lux: 3: the message has no such field",
        ),
        ("huati_nb_v1", "set_dimming", {"lamps": []}, "lamps: 0 given, 3 are wanted"),
        (
            "pni_placepod_v1",
            "records",
            {"records": [{"record": "x"}]},
            "records[0].record: 'x': one of status,",
        ),
        (
            "pni_placepod_v1",
            "records",
            {"records": [{"record": "battery", "battery_v": 21}]},
            "records[0].battery_v: 21: 0 to 20 is possible",
        ),
        (
            "pni_placepod_v1",
            "records",
            {"records": [{"record": "status", "occupied": 1}]},
            "records[0].occupied: 1: one of False, True is possible",
        ),
        ("pni_placepod_v1", "records", {"records": 3}, "records: 3: a list of mappings is wanted"),
        ("cjt188_water_v2004", "current_data", {**_METER, "volume_m3": 1e6}, "0 to 999999.98 or None"),
        ("cjt188_water_v2004", "current_data", {**_METER, "address": "12"}, "address: '12': 14 hex digits"),
        ("cjt188_water_v2004", "current_data", {**_METER, "valve": "ajar"}, "valve: 'ajar': one of 'open',"),
        (
            "cjt188_water_v2004",
            "current_data",
            {**_METER, "meter_type": "20"},
            "meter_type: '20': one of 10,",
        ),
        (
            "cjt188_water_v2004",
            "current_data",
            {**_METER, "clock": datetime(2026, 1, 1, tzinfo=SHANGHAI)},
            "a local datetime without zone",
        ),
        (
            "cjt188_water_v2004",
            "current_data",
            {**_METER, "volume_unit": "35"},
            "volume_unit: '35': one of 2C, 29",
        ),
    ],
)
def test_value_that_cannot_be_sent_is_named(
    profile: str, message: str, values: dict[str, Any], said: str
) -> None:
    """A wrong value raises ValueError that names the field, the value and what is possible."""
    with pytest.raises(ValueError, match=re.escape(said)):
        encode(profile, message, values)
