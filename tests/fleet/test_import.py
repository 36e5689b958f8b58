"""What a good CSV file does to the registry."""

from pathlib import Path

import numpy as np

from fleet_rows import WATER, csv_text, exported, fleet_of, take

HEADER = "device,profile,asset,street,q3_m3_per_h"


def test_a_device_and_its_asset_are_registered(tmp_path: Path) -> None:
    """A row makes a device, an asset, and an assignment from the beginning of time."""
    take(tmp_path, csv_text(HEADER, f"w1,{WATER},A1,North Road 1,2.5"))
    fleet = fleet_of(tmp_path)

    assert fleet.assets_at(fleet.slots(["w1"]), np.array([0])).tolist() == ["A1"]


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    """A second import of a file makes no new version."""
    text = csv_text(HEADER, f"w1,{WATER},A1,North Road 1,2.5", f"w2,{WATER},,,")
    first = take(tmp_path, text)
    second = take(tmp_path, text)

    assert (first.version, True) == (second.version, second.changes.is_empty)


def test_a_column_that_the_header_does_not_name_keeps_its_values(tmp_path: Path) -> None:
    """A file with one column changes that column only."""
    take(tmp_path, csv_text(HEADER, f"w1,{WATER},A1,North Road 1,2.5"))
    take(tmp_path, csv_text("device,state", "w1,suspended"))
    fleet = fleet_of(tmp_path)

    assert (fleet.column("state")[0], fleet.column("q3_m3_per_h")[0]) == ("suspended", 2.5)


def test_an_empty_cell_unsets_a_value(tmp_path: Path) -> None:
    """An empty cell of a named column means 'not set'."""
    take(tmp_path, csv_text(HEADER, f"w1,{WATER},A1,North Road 1,2.5"))
    take(tmp_path, csv_text("device,q3_m3_per_h", "w1,"))

    assert np.isnan(fleet_of(tmp_path).column("q3_m3_per_h")).all()


def test_devices_that_the_file_does_not_name_stay(tmp_path: Path) -> None:
    """An import never removes; it counts what the file leaves out."""
    take(tmp_path, csv_text(HEADER, f"w1,{WATER},A1,,", f"w2,{WATER},A2,,"))
    imported = take(tmp_path, csv_text(HEADER, f"w1,{WATER},A1,,"))

    assert (
        imported.changes.devices.not_in_file,
        fleet_of(tmp_path).slots(["w1", "w2"]).tolist(),
    ) == (1, [0, 1])


def test_a_dry_run_tells_and_changes_nothing(tmp_path: Path) -> None:
    """The difference of a dry run names added, changed and assigned; the registry stays."""
    take(tmp_path, csv_text(HEADER, f"w1,{WATER},A1,,2.5"))
    before = exported(tmp_path)
    rows = take(
        tmp_path, csv_text(HEADER, f"w1,{WATER},A1,,4", f"w2,{WATER},A2,,"), dry_run=True
    ).changes.told()

    assert [row["change"] for row in rows] == ["device_added", "device_changed", "asset_added", "assigned"]
    assert exported(tmp_path) == before


def test_the_family_follows_the_profile(tmp_path: Path) -> None:
    """A device that gets another profile gets that profile's family."""
    take(tmp_path, csv_text("device,profile", f"d,{WATER}"))
    take(tmp_path, csv_text("device,profile", "d,huati_nb_v1"))

    assert fleet_of(tmp_path).column("family").tolist() == ["lighting"]


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    """Files that a spreadsheet saves with a byte order mark and CRLF are read."""
    imported = take(tmp_path, b"\xef\xbb\xbfdevice,profile\r\nw1,cjt188_water_v2004\r\n")

    assert imported.faults == []


def test_an_asset_may_have_no_device_yet(tmp_path: Path) -> None:
    """A row without a device registers a place."""
    take(tmp_path, csv_text("device,asset,role", ",B7,bay"))
    fleet = fleet_of(tmp_path)

    assert (fleet.asset_column("asset").tolist(), fleet.slot_count) == (["B7"], 0)


def test_an_empty_file_with_a_header_is_legal(tmp_path: Path) -> None:
    """No rows change nothing."""
    assert take(tmp_path, csv_text(HEADER)).changes.is_empty


def test_two_devices_can_swap_places(tmp_path: Path) -> None:
    """A file that corrects two exchanged assignments is taken."""
    take(tmp_path, csv_text(HEADER, f"w1,{WATER},A1,,", f"w2,{WATER},A2,,"))
    take(tmp_path, csv_text(HEADER, f"w1,{WATER},A2,,", f"w2,{WATER},A1,,"))
    fleet = fleet_of(tmp_path)

    assert fleet.assets_at(np.array([0, 1], np.int32), np.array([0, 0])).tolist() == ["A2", "A1"]
