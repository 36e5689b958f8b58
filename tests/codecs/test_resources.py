"""Resources of LwM2M devices: objects, instances, instants, and what becomes of the rest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_fixtures import RECEIVED_AT_US, decoded, iso, readings
from narrowgate_codecs import encode
from narrowgate_codecs import layout as lay
from narrowgate_codecs.resources import Object, Resource, Resources
from narrowgate_codecs.soundness import fault_of

_WATER, _LAMP, _PARKING = "lwm2m_water_meter_v1", "lwm2m_lamp_v1", "lwm2m_parking_v1"
_NOON = "2025-06-01T12:00:00Z"


def _senml(profile: str, *items: dict[str, Any]) -> bytes:
    return encode(profile, "resources", {"form": "senml_cbor", "items": list(items)})


def _tlv(profile: str, number: int, *items: dict[str, Any]) -> bytes:
    return encode(profile, "resources", {"form": "tlv", "object": number, "items": list(items)})


def test_history_is_unrolled() -> None:
    """Records of several instants make a row each."""
    frame = _senml(
        _WATER, {"volume_m3": 10.5, "time": _NOON}, {"volume_m3": 9.25, "time": "2025-06-01T11:00:00Z"}
    )

    rows = [(row["time"], row["volume_m3"]) for row in readings(decoded(frame, _WATER))]

    assert rows == [(_NOON, 10.5), ("2025-06-01T11:00:00Z", 9.25)]


def test_instances_are_series() -> None:
    """Every instance of an object is a series; the only one has the empty name."""
    frame = _senml(_LAMP, {"level_pct": 50}, {"level_pct": 70, "instance": "1"})

    assert [(row["series"], row["level_pct"]) for row in readings(decoded(frame, _LAMP))] == [
        ("", 50.0),
        ("1", 70.0),
    ]


def test_objects_of_one_instance_and_instant_make_one_row() -> None:
    """Lamp, supply and battery of one instance are one row."""
    frame = _senml(_LAMP, {"level_pct": 50, "power_w": 40.5, "battery_pct": 90})

    (row,) = readings(decoded(frame, _LAMP))

    assert (row["level_pct"], row["power_w"], row["battery_pct"]) == (50.0, 40.5, 90.0)


def test_small_times_count_from_reception() -> None:
    """A SenML time below 2**28 counts from reception."""
    frame = _senml(_WATER, {"volume_m3": 1.0, "after_reception_s": -3600})

    (row,) = readings(decoded(frame, _WATER))

    assert (row["time"], "clock_unsynchronised" in row) == (iso(RECEIVED_AT_US - 3_600_000_000), False)


def test_clock_that_was_never_set_is_flagged() -> None:
    """A timestamp of 1970 is no instant: reception dates the row, which says so."""
    frame = bytes.fromhex("c4013f800000e4158e00000064")

    (row,) = readings(decoded(frame, _WATER))

    assert (row["time"], row["clock_unsynchronised"]) == ("received", True)


def test_whole_numbers_stay_whole() -> None:
    """An integer where a float may stand keeps what float32 would lose."""
    (row,) = readings(decoded(bytes.fromhex("81a221692f333432342f302f31021a00bc614f"), _WATER))

    assert row["volume_m3"] == 12_345_679.0


def test_port_is_the_object_of_tlv() -> None:
    """The same bytes are a lamp's command or a battery's charge, as the captured port says."""
    frame = bytes.fromhex("c10143")

    lamp, battery = (readings(decoded(frame, _LAMP, port=port))[0] for port in (3416, 3411))

    assert (lamp["commanded_level_pct"], battery["battery_pct"]) == (67.0, 67.0)


def test_tlv_without_a_port_is_of_the_object_that_fits() -> None:
    """Without a port the resources decide; where two objects are possible the first one is meant."""
    numbers = [
        decoded(bytes.fromhex(hexed), _LAMP).values[0]["object"]
        for hexed in ("c10143", "c40143676666", "c10117c403405a3d71c10601")
    ]

    assert numbers == [3416, 3418, 3411]


def test_tlv_that_fits_no_object_is_refused() -> None:
    """Without a port, resources that no object has are refused as another model."""
    result = decoded(bytes.fromhex("e1ffff01"), _PARKING)

    assert result.refusals.column("reason").to_pylist() == ["model"]


def test_resource_that_says_the_impossible_is_refused_alone() -> None:
    """A power factor of 4 is refused, the voltage beside it stays."""
    frame = bytes.fromhex("c40143676666c40540800000")

    result = decoded(frame, _LAMP, port=3418)

    assert (result.dispositions, result.refusals.column("reason").to_pylist(), len(readings(result))) == (
        ["partial"],
        ["sanity"],
        1,
    )


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        ("81a221692f333432342f302f3104f5", "sanity"),
        ("81a321692f333432342f302f3101616c0205", "sanity"),
        ("81a2216b2f333432342f3330302f310205", "model"),
    ],
)
def test_value_of_another_kind_unit_or_instance_is_refused(pack: str, reason: str) -> None:
    """A volume that is a truth, in litres, or of an instance past the last is refused."""
    assert decoded(bytes.fromhex(pack), _WATER).refusals.column("reason").to_pylist() == [reason]


def test_unknown_resources_are_told() -> None:
    """What is no known resource is told with its path, and takes nothing from the others."""
    result = decoded(bytes.fromhex("c4013f800000c26355aa"), _WATER, port=3424)

    assert (result.values[0]["others"], len(readings(result))) == (
        [{"name": "/3424/0/99", "data": "55aa"}],
        1,
    )


def test_duration_is_a_stay_once_the_bay_is_free() -> None:
    """How long a car has stood so far is no stay; how long the last one stood is."""
    there, left = ({"occupied": state, "duration_s": 60} for state in (True, False))

    rows = [readings(decoded(_senml(_PARKING, item), _PARKING))[0] for item in (there, left)]

    assert [row.get("stay_s") for row in rows] == [None, 60.0]


def test_device_objects_are_told_without_a_reading() -> None:
    """Who made the device is told; it is no reading."""
    result = decoded(bytes.fromhex("c30041434d"), _PARKING, port=3)

    assert (result.values[0]["items"], readings(result)) == ([{"instance": "", "manufacturer": "ACM"}], [])


def _held(*volumes_m3: float) -> bytes:
    frames = [
        {
            "control": "81",
            "data_identifier": "901F",
            "address": "00000000000001",
            "volume_m3": volume,
            "clock": None,
        }
        for volume in volumes_m3
    ]
    return encode("lwm2m_cjt188_v1", "resources", {"form": "tlv", "items": [], "frames": frames})


def test_container_holds_several_frames() -> None:
    """Each datum of object 19 is a frame of its own protocol, with a reading of its own."""
    rows = readings(decoded(_held(1.5, 2.25), "lwm2m_cjt188_v1"))

    assert [row["volume_m3"] for row in rows] == [1.5, 2.25]


def test_damaged_frame_in_a_container_is_refused_alone() -> None:
    """A frame whose check sum is wrong is refused; the one beside it stays."""
    frame = bytearray(_held(1.5, 2.25))
    frame[-2] ^= 1

    result = decoded(bytes(frame), "lwm2m_cjt188_v1")

    assert (result.refusals.column("reason").to_pylist(), len(readings(result))) == (["integrity"], 1)


def test_bytes_in_pieces_hold_no_frame() -> None:
    """An opaque value in pieces is told, but nothing inside it is read."""
    pack = bytes.fromhex("81a221692f31392f302f302f30085f41684116ff")

    assert decoded(pack, "lwm2m_cjt188_v1").refusals.column("reason").to_pylist() == ["model"]


_FORMS = st.sampled_from(["tlv", "senml_cbor"])
_ITEM = st.fixed_dictionaries(
    {"volume_m3": st.floats(0, 1e9, width=32)},
    optional={
        "leak": st.booleans(),
        "pulses": st.integers(-(1 << 40), 1 << 40),
        "meter_type": st.text(max_size=9),
    },
)


@given(_FORMS, _ITEM)
def test_what_is_sent_is_said(form: str, item: dict[str, Any]) -> None:
    """The values of an item come back as they were sent, whatever their widths and the form."""
    values = {"form": form, **({"object": 3424} if form == "tlv" else {}), "items": [item]}

    said = decoded(encode(_WATER, "resources", values), _WATER, port=3424).values[0]

    assert said["items"] == [{"instance": "", **item}]


@given(st.binary(max_size=60), st.sampled_from([None, 3424, 19, 7]))
def test_no_bytes_raise(frame: bytes, port: int | None) -> None:
    """Any bytes are answered."""
    assert len(decoded(frame, _WATER, port=port).dispositions) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"form": "tlv", "items": [{"volume_m3": 1.0, "battery_pct": 5}]}, "the message has no such field"),
        ({"form": "tlv", "items": [{"colour": 1}]}, "the message has no such field"),
        ({"form": "json", "items": []}, "is possible"),
        ({"form": "tlv", "items": [{"volume_m3": "much"}]}, "a number is wanted"),
    ],
)
def test_values_that_make_no_frame_are_refused(values: dict[str, Any], message: str) -> None:
    """A value that no resource has, or of the wrong kind, is refused with its name."""
    with pytest.raises(ValueError, match=message):
        encode(_WATER, "resources", values)


_ONE = Resource(1, "a", "float")


@pytest.mark.parametrize(
    ("objects", "fault"),
    [
        ((), "objects are wanted, each once"),
        ((Object(1, (_ONE,)), Object(1, (_ONE,))), "objects are wanted, each once"),
        ((Object(1, (_ONE, _ONE)),), "a resource stands there twice"),
        ((Object(1, (Resource(1, "a", "integer", per=10),)),), "only floats have units of the wire"),
    ],
)
def test_declaration_that_cannot_work_is_refused(objects: tuple[Object, ...], fault: str) -> None:
    """Objects that are missing or doubled, and scaled integers, are refused at registration."""
    element: lay.Element = Resources("items", objects)

    assert fault in (fault_of(element) or "")
