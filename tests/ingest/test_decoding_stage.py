"""What the decode stage promises: a frame that goes wrong goes wrong alone."""

import io
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from codec_fixtures import ROOT, load
from fleet_rows import csv_text, fleet_of, take
from ingest_line import SHANGHAI, city, first_frames
from narrowgate_codecs import Context, Decoded, decode, uplinks_from
from narrowgate_fleet import Fleet, Registry, Seal, key_changes
from narrowgate_ingest import decoding
from narrowgate_ingest.decoding import DecodeStage, Decoding, KnownFacts
from narrowgate_schema.tables import FACTS
from narrowgate_schema.words import Disposition, Family, Reason

if TYPE_CHECKING:
    from ingest_line import District

DISTRICT = city()
METER, BAY, LAMP = DISTRICT.devices[0], DISTRICT.devices[4], DISTRICT.devices[8]
NOW_US = 1_772_400_000_000_000


@pytest.fixture
def fleet(district: "District") -> Fleet:
    """Give the district's registry."""
    return fleet_of(district.root / "home")


def run(stage: DecodeStage, fleet: Fleet, *frames: tuple[str, bytes], first: int = 0) -> Decoding:
    """Decode frames of (device, payload)."""
    uplinks = uplinks_from(
        [payload for _, payload in frames],
        devices=[device for device, _ in frames],
        received_at_us=NOW_US,
        first_frame=first,
    )
    return stage.run(uplinks, fleet)


def stored(made: Decoding) -> dict[str, list[int]]:
    """Give the frames that have readings, by family."""
    return {family.value: rows["frame"].to_pylist() for family, rows in made.readings.items()}


def test_no_frames_are_legal(fleet: Fleet) -> None:
    """A batch of ticks only decodes to nothing."""
    made = run(DecodeStage(SHANGHAI), fleet)

    assert (made.dispositions, made.refusals, made.facts.num_rows) == ([], {}, 0)


def test_each_family_is_decoded_in_one_batch(fleet: Fleet) -> None:
    """Frames of three profiles in one batch give readings of three families."""
    frames = [(device, first_frames(DISTRICT, device, 1)[0]) for device in (METER, BAY, LAMP)]
    made = run(DecodeStage(SHANGHAI), fleet, *frames, first=50)

    assert made.dispositions == [Disposition.STORED] * 3
    assert stored(made) == {"water": [50], "parking": [51], "lighting": [52]}


def test_an_unknown_device_is_quarantined_as_unknown(fleet: Fleet) -> None:
    """A frame of a device that is not in the registry waits in quarantine."""
    made = run(DecodeStage(SHANGHAI), fleet, ("stranger", b"\x01"))

    assert made.dispositions == [Disposition.QUARANTINED]
    assert made.refusals == {0: (Reason.UNKNOWN, "no profile is known for stranger")}


def test_a_profile_of_another_release_is_unknown(tmp_path: Path) -> None:
    """A device whose registered profile this release lacks is quarantined as unknown; others are decoded."""
    rows = csv_text("device,profile,family", "new,maker_model_v7,water", "old,pni_placepod_v1,parking")
    take(tmp_path, rows, families={"maker_model_v7": "water", "pni_placepod_v1": "parking"})
    frame = first_frames(DISTRICT, BAY, 1)[0]
    made = run(DecodeStage(SHANGHAI), fleet_of(tmp_path), ("new", b"\x01"), ("old", frame))

    assert made.dispositions == [Disposition.QUARANTINED, Disposition.STORED]
    assert made.refusals[0][0] is Reason.UNKNOWN


def test_a_profile_that_raises_costs_its_own_frame_only(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in one frame quarantines it as internal, with what was raised; the rest is stored."""

    def faulty(uplinks: pa.RecordBatch, context: Context) -> Decoded:
        if b"\xee" in uplinks["payload"].to_pylist():
            raise ZeroDivisionError("in a profile")
        return decode(uplinks, context)

    monkeypatch.setattr(decoding, "decode", faulty)
    good = [(BAY, payload) for payload in first_frames(DISTRICT, BAY, 6)]
    made = run(DecodeStage(SHANGHAI), fleet, *good[:4], (BAY, b"\xee"), *good[4:])

    assert made.refusals == {4: (Reason.INTERNAL, "ZeroDivisionError: in a profile")}
    assert stored(made) == {"parking": [0, 1, 2, 3, 5, 6]}


def test_the_same_frame_in_a_new_exchange_is_a_duplicate(fleet: Fleet) -> None:
    """A meter's same bytes with its own clock in them, within a batch or later, are stored once."""
    stage = DecodeStage(SHANGHAI)
    first, second = first_frames(DISTRICT, METER, 2)
    one = run(stage, fleet, (METER, first), (METER, first), (METER, second))
    other = run(stage, fleet, (METER, first), first=3)

    assert one.dispositions == [Disposition.STORED, Disposition.DUPLICATE, Disposition.STORED]
    assert stored(one) == {"water": [0, 2]}
    assert other.dispositions == [Disposition.DUPLICATE]
    assert sum(rows.num_rows for rows in other.readings.values()) == 0


def test_equal_frames_without_a_clock_are_all_stored(fleet: Fleet) -> None:
    """A lamp that says the same twice means it twice."""
    frame = first_frames(DISTRICT, LAMP, 1)[0]
    made = run(DecodeStage(ZoneInfo("UTC")), fleet, (LAMP, frame), (LAMP, frame))

    assert made.dispositions == [Disposition.STORED] * 2
    assert made.readings[Family.LIGHTING].num_rows == 2


def test_the_same_bytes_of_two_devices_are_two_frames(fleet: Fleet) -> None:
    """Frames are compared within one device only."""
    frame = first_frames(DISTRICT, METER, 1)[0]
    made = run(DecodeStage(SHANGHAI), fleet, (METER, frame), (DISTRICT.devices[1], frame))

    assert Disposition.DUPLICATE not in made.dispositions


METERS = "device,profile\niz1,en13757_wmbus_water_v1\nkeyless,en13757_wmbus_water_v1\n"
CASE = Path(__file__).parents[2] / "firmware-fixtures" / "en13757_wmbus_water_v1" / "iwmtx5_v0421.toml"


def encrypted_meters(home: Path, *keys: str) -> Fleet:
    """Give a fleet whose first meter has keys, each newer than the one before."""
    seal = Seal([b"s" * 32])
    take(home, METERS, families={"en13757_wmbus_water_v1": "water"})
    with Registry(home) as registry, registry.writing():
        for key in keys:
            content = io.BytesIO(f"device,key\niz1,{key}\n".encode())
            changes = key_changes(content, registry.census().devices, registry.keys(), seal)
            registry.put_keys(changes.sealed)
    return Fleet.load(home / "registry", seal)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (["right"], None),
        (["right", "ff" * 16], None),
        (["ff" * 16, "right"], None),
        (["right", "ee" * 16, "ff" * 16], Reason.INTEGRITY),
        (["ff" * 16], Reason.INTEGRITY),
        ([], Reason.KEY_MISSING),
    ],
)
def test_an_encrypted_frame_is_opened_by_either_key(
    tmp_path: Path, keys: list[str], reason: Reason | None
) -> None:
    """The newest key and the one before it open a frame; an older one, a wrong one or none does not."""
    case = tomllib.loads(CASE.read_text("utf-8"))
    fleet = encrypted_meters(tmp_path, *[case["key"] if key == "right" else key for key in keys])
    made = run(DecodeStage(SHANGHAI), fleet, ("iz1", bytes.fromhex(case["hex"])))

    assert [why for why, _ in made.refusals.values()] == ([] if reason is None else [reason])
    assert (made.dispositions == [Disposition.STORED]) == (reason is None)


def test_what_a_frame_announced_is_handed_to_later_frames_of_its_device() -> None:
    """Facts are kept once each, by device; nobody who announced nothing gets any."""
    rows = [{"device": "a", "frame": 3, "name": "layout", "value": b"x"}]
    facts = KnownFacts(rows)
    facts.add(pa.RecordBatch.from_pylist(rows, schema=FACTS))
    facts.add(pa.RecordBatch.from_pylist([{**rows[0], "frame": 9, "value": b"y"}], schema=FACTS))
    known = facts.of(["a", "b", None])

    assert known is not None
    assert known.to_pylist() == [*rows, {**rows[0], "frame": 9, "value": b"y"}]
    assert (facts.of(["b"]), KnownFacts().of(["a"])) == (None, None)


COMPACT = load(ROOT / "en13757_wmbus_water_v1" / "compact_of_announced_heads.toml")
FULL = load(ROOT / "en13757_wmbus_water_v1" / "full_that_announces.toml")


@pytest.mark.parametrize("frames", [1, 20])
def test_a_compact_frame_is_read_by_a_full_one_of_an_earlier_batch(tmp_path: Path, frames: int) -> None:
    """What a full frame announced in one batch opens its device's compact ones in the next, no other's."""
    take(tmp_path, METERS, families={"en13757_wmbus_water_v1": "water"})
    fleet, stage = fleet_of(tmp_path), DecodeStage(SHANGHAI)
    full, compact = (("iz1", bytes.fromhex(case["hex"])) for case in (FULL, COMPACT))
    before = run(stage, fleet, *[compact] * frames)
    told = run(stage, fleet, *[full] * frames, first=100)
    after = run(stage, fleet, *[compact] * frames, ("keyless", compact[1]), first=200)

    assert {why for why, _ in before.refusals.values()} == {Reason.CONTEXT_MISSING}
    assert (told.facts.num_rows, len(before.refusals)) == (1, frames)
    assert {row: why for row, (why, _) in after.refusals.items()} == {frames: Reason.CONTEXT_MISSING}


def test_frames_that_no_plan_read_are_counted(fleet: Fleet) -> None:
    """A batch too small for a plan is read frame by frame, and the stage counts it."""
    stage = DecodeStage(SHANGHAI)
    run(stage, fleet, (BAY, first_frames(DISTRICT, BAY, 1)[0]))

    run(stage, fleet, (LAMP, first_frames(DISTRICT, LAMP, 1)[0]))

    assert stage.frames_by_row == 2


SERIAL = load(ROOT / "cjt188_water_v2004" / "reply_valve_closed.toml")
IMEI = next(
    case for path in (ROOT / "dragino_sw3l_nb_v1").glob("*.toml") if "identity" in (case := load(path))
)


@pytest.mark.parametrize("frames", [1, 40])
@pytest.mark.parametrize(
    ("columns", "cells", "is_kept"),
    [
        ("serial", SERIAL["identity"], True),
        ("serial", "4711", False),
        ("serial,imei", f"{SERIAL['identity']},864123456789012", True),
        ("imei", "864123456789012", True),
        ("serial", "", True),
    ],
)
def test_a_frame_of_another_identity_is_quarantined(
    tmp_path: Path, frames: int, columns: str, cells: str, is_kept: bool
) -> None:
    """The registered serial is held against a frame's address, alone and among many, from the first on."""
    take(tmp_path, csv_text(f"device,profile,{columns}", f"w1,cjt188_water_v2004,{cells}"))
    stage = DecodeStage(SHANGHAI)
    payload = bytes.fromhex(SERIAL["hex"])
    made = [run(stage, fleet_of(tmp_path), *[("w1", payload)] * frames, first=n * frames) for n in range(2)]

    reasons = {why for each in made for why, _ in each.refusals.values()}
    assert reasons == (set() if is_kept else {Reason.IDENTITY})
    assert all(len(each.refusals) == (0 if is_kept else frames) for each in made)
    assert is_kept or not any(rows for each in made for rows in stored(each).values())


def test_an_imei_inside_a_frame_is_held_against_the_registered_one(tmp_path: Path) -> None:
    """A module that sends in another's name is found out."""
    family = {"dragino_sw3l_nb_v1": "water"}
    rows = [f"own,dragino_sw3l_nb_v1,{IMEI['identity']}", "other,dragino_sw3l_nb_v1,864123456789012"]
    take(tmp_path, csv_text("device,profile,imei", *rows), families=family)
    payload = bytes.fromhex(IMEI["hex"])
    made = run(DecodeStage(SHANGHAI), fleet_of(tmp_path), ("own", payload), ("other", payload))

    assert {row: why for row, (why, _) in made.refusals.items()} == {1: Reason.IDENTITY}
    assert "864123456789012" in made.refusals[1][1]


def test_a_device_whose_frames_change_their_identity_is_noticed(tmp_path: Path) -> None:
    """One that agreed before is not believed for ever."""
    payload = bytes.fromhex(SERIAL["hex"])
    other = bytes.fromhex(load(ROOT / "cjt188_water_v2004" / "reply_clock_set.toml")["hex"])
    take(tmp_path, csv_text("device,profile,serial", f"w1,cjt188_water_v2004,{SERIAL['identity']}"))
    stage = DecodeStage(SHANGHAI)
    made = [run(stage, fleet_of(tmp_path), *[("w1", one)] * 20) for one in (payload, other)]

    assert [len(each.refusals) for each in made] == [0, 20]


def test_a_copy_of_facts_is_forgotten_again() -> None:
    """What is added to a copy is not known to what it was copied from."""
    row = {"device": "a", "frame": 3, "name": "layout", "value": b"x"}
    facts = KnownFacts()
    copy = facts.copy()
    copy.add(pa.RecordBatch.from_pylist([row], schema=FACTS))

    assert (facts.of(["a"]), copy.of(["a"]) is not None) == (None, True)


@pytest.mark.parametrize("serial", ["4711", FULL["identity"]])
def test_what_a_stranger_announces_is_not_learned(tmp_path: Path, serial: str) -> None:
    """A frame of another identity counts for nothing: the formats it announces open no later frame."""
    row = f"w1,en13757_wmbus_water_v1,{serial}"
    take(tmp_path, csv_text("device,profile,serial", row), families={"en13757_wmbus_water_v1": "water"})
    stage = DecodeStage(SHANGHAI)
    announced = run(stage, fleet_of(tmp_path), ("w1", bytes.fromhex(FULL["hex"])))
    is_own = serial == FULL["identity"]

    assert (announced.facts.num_rows > 0) == is_own
    later = run(stage, fleet_of(tmp_path), ("w1", bytes.fromhex(COMPACT["hex"])), first=1)
    assert (Reason.CONTEXT_MISSING in {why for why, _ in later.refusals.values()}) == (not is_own)
