"""The fleet as columns by slot and asset row."""

from pathlib import Path

import numpy as np
import pytest

from fleet_rows import WATER, csv_text, exported, fleet_of, take
from narrowgate_fleet import Fleet, FleetReader, Registry, RegistryFault

HEADER = "device,profile,asset,q3_m3_per_h,imei,valid_from"
NOON_US = 1_772_323_200_000_000
ONE = csv_text(HEADER, f"w1,{WATER},A1,2.5,,", f"w2,{WATER},,,864123456789012,")


def test_unknown_devices_have_slot_minus_one(tmp_path: Path) -> None:
    """Devices are resolved in order, unknown ones to -1."""
    take(tmp_path, ONE)

    assert fleet_of(tmp_path).slots(["w2", "x", "w1", "w2"]).tolist() == [1, -1, 0, 1]


def test_no_devices_resolve_to_no_slots(tmp_path: Path) -> None:
    """An empty batch is legal."""
    take(tmp_path, ONE)

    assert fleet_of(tmp_path).slots([]).dtype == np.int32


def test_numbers_that_are_not_set_are_nan_and_texts_none(tmp_path: Path) -> None:
    """Columns by slot are as long as there are slots."""
    take(tmp_path, ONE)
    fleet = fleet_of(tmp_path)

    np.testing.assert_array_equal(fleet.column("q3_m3_per_h"), [2.5, np.nan])
    assert fleet.column("imei").tolist() == [None, "864123456789012"]


@pytest.mark.parametrize("name", ["q3_m3_per_h", "imei"])
def test_columns_are_read_only(tmp_path: Path, name: str) -> None:
    """Nobody can change what others see."""
    take(tmp_path, ONE)

    assert not fleet_of(tmp_path).column(name).flags.writeable


def test_a_wrong_column_is_named_with_the_right_ones(tmp_path: Path) -> None:
    """Asking devices for a column of assets is misuse."""
    take(tmp_path, ONE)

    with pytest.raises(ValueError, match="device has no column 'lat'; it has device, profile"):
        fleet_of(tmp_path).column("lat")


def test_a_slot_without_device_is_misuse(tmp_path: Path) -> None:
    """-1 is nobody's slot."""
    take(tmp_path, ONE)
    fleet = fleet_of(tmp_path)

    assert fleet.device(1) == "w2"
    with pytest.raises(ValueError, match="no device has slot -1"):
        fleet.device(-1)


def test_an_assignment_holds_from_its_first_to_before_its_last_instant(tmp_path: Path) -> None:
    """At valid_from the new asset counts already, a microsecond before the old one still does."""
    take(tmp_path, ONE)
    take(tmp_path, csv_text(HEADER, f"w1,{WATER},B1,2.5,,2026-03-01T00:00:00Z"))
    times_us = np.array([NOON_US - 1, NOON_US])

    assert fleet_of(tmp_path).assets_at(np.zeros(2, np.int32), times_us).tolist() == ["A1", "B1"]


def test_what_has_no_slot_serves_no_asset(tmp_path: Path) -> None:
    """Slots out of range give asset row -1."""
    take(tmp_path, ONE)
    rows = fleet_of(tmp_path).asset_rows_at(np.array([-1, 0, 1, 99], np.int32), np.zeros(4, np.int64))

    assert rows.tolist() == [-1, 0, -1, -1]


def test_an_empty_registry_is_a_fleet_of_none(tmp_path: Path) -> None:
    """A home without devices gives a fleet of length 0."""
    Registry(tmp_path).close()
    fleet = fleet_of(tmp_path)

    assert (fleet.version, fleet.slot_count, fleet.slots(["w1"]).tolist()) == (0, 0, [-1])
    assert fleet.assets_at(np.array([-1, 0], np.int32), np.zeros(2, np.int64)).tolist() == [None, None]


def test_the_reader_gives_the_same_fleet_until_a_new_version_comes(tmp_path: Path) -> None:
    """Looking again costs nothing while nothing has changed."""
    take(tmp_path, ONE)
    reader = FleetReader(tmp_path / "registry")
    first = reader.refresh()

    assert reader.refresh() is first
    take(tmp_path, csv_text("device,state", "w1,retired"))
    assert reader.refresh().column("state").tolist() == ["retired", "active"]


def test_a_fleet_outlives_its_files(tmp_path: Path) -> None:
    """Whoever holds a version keeps it whole when a newer one takes its place."""
    take(tmp_path, ONE)
    fleet = fleet_of(tmp_path)
    take(tmp_path, csv_text("device,q3_m3_per_h", "w1,4"))

    assert [path.name for path in (tmp_path / "registry").glob("snapshot-*")] == ["snapshot-2"]
    assert fleet.column("q3_m3_per_h")[0] == 2.5


def test_a_missing_registry_is_told(tmp_path: Path) -> None:
    """A directory without snapshot is a fault that names it."""
    with pytest.raises(RegistryFault, match="current: no registry was published here"):
        Fleet.load(tmp_path)


@pytest.mark.parametrize("name", ["devices.arrow", "assets.arrow", "assignments.arrow", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "removed"])
def test_a_damaged_snapshot_is_told_and_made_again(tmp_path: Path, name: str, damage: str) -> None:
    """A damaged file is named, never believed; opening the registry heals it."""
    take(tmp_path, ONE)
    path = tmp_path / "registry" / "snapshot-1" / name
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0x80
    path.unlink()
    if damage != "removed":
        path.write_bytes({"cut": content[:-9], "flipped": bytes(flipped), "emptied": b""}[damage])

    with pytest.raises(RegistryFault, match=name):
        fleet_of(tmp_path)
    assert exported(tmp_path)
    assert fleet_of(tmp_path).slots(["w1"]).tolist() == [0]


@pytest.mark.parametrize("content", [b"", b"snapshot-x", b"../../etc", b"\xff"])
def test_a_damaged_pointer_is_told(tmp_path: Path, content: bytes) -> None:
    """A `current` that names no snapshot is a fault."""
    take(tmp_path, ONE)
    (tmp_path / "registry" / "current").write_bytes(content)

    with pytest.raises(RegistryFault, match=r"current: (names no snapshot|is damaged)"):
        fleet_of(tmp_path)
