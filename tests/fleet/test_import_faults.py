"""What a CSV file can do wrong, and the line it gets for it."""

from pathlib import Path

import pytest

from fleet_rows import WATER, csv_text, take, told

HEADER = "device,profile,family,asset,lat,lon,q3_m3_per_h,state,valid_from,valid_to"


def row(**cells: str) -> str:
    """Give one good row with some cells changed."""
    good = {"device": "w1", "profile": WATER, "asset": "A1", "lat": "28.26", "lon": "117.07"}
    return ",".join((good | cells).get(name, "") for name in HEADER.split(","))


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ({"lat": "91"}, "f.csv:2: lat: '91': must be a number from -90 to 90 deg"),
        ({"lon": "east"}, "f.csv:2: lon: 'east': must be a number from -180 to 180 deg"),
        ({"lat": ""}, "f.csv:2: lat: '': lat and lon must both be set, or both be empty"),
        ({"q3_m3_per_h": "-2.5"}, "f.csv:2: q3_m3_per_h: '-2.5': must be a number from 0.001 to 100000 m3/h"),
        ({"q3_m3_per_h": "nan"}, "f.csv:2: q3_m3_per_h: 'nan': must be a number from 0.001 to 100000 m3/h"),
        ({"q3_m3_per_h": "1_0"}, "f.csv:2: q3_m3_per_h: '1_0': must be a number from 0.001 to 100000 m3/h"),
        ({"state": "on"}, "f.csv:2: state: 'on': must be one of active, suspended, retired"),
        ({"family": "parking"}, f"must be water, the family of profile {WATER}, or empty"),
        ({"profile": "cjt188_water_v2005"}, "is unknown; did you mean cjt188_water_v2004? (known: "),
        ({"profile": ""}, "f.csv:2: profile: '': is missing"),
        ({"device": ""}, "f.csv:2: device: '': is missing, yet the row says its profile"),
        ({"device": "a/b"}, "f.csv:2: device: 'a/b': must be 1 to 64 of the letters"),
        (
            {"asset": "", "lat": "", "lon": "", "valid_to": "2026-01-01T00:00Z"},
            "valid_to: '': needs an asset",
        ),
        ({"asset": ""}, "f.csv:2: asset: '': is missing, yet the row says its lat"),
        ({"valid_from": "2026-01-01"}, "valid_from: '2026-01-01': must be a time with its zone"),
        (
            {"valid_from": "2026-01-01T00:00Z", "valid_to": "2026-01-01T00:00Z"},
            "valid_to: '': must be later than valid_from",
        ),
    ],
)
def test_a_bad_cell_is_told_with_line_column_value_and_remedy(
    tmp_path: Path, cells: dict[str, str], line: str
) -> None:
    """One line says where, which value, and what would be right."""
    lines = told(take(tmp_path, csv_text(HEADER, row(**cells))))

    assert len(lines) == 1
    assert line in lines[0]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "f.csv:1: is empty; the first line must name the columns"),
        (b"device;profile\nw1;x\n", "columns must be set apart by commas"),
        (b"device,profil\n", "f.csv:1: header: 'profil': is unknown; did you mean profile?"),
        (b"device,device\n", "f.csv:1: header: 'device': stands twice"),
        (b"profile\n", "f.csv:1: header: '': column device is missing"),
        (b"device,lat,lon\n", "f.csv:1: header: '': column asset is missing"),
        (b"device,family\n", "f.csv:1: header: '': column profile is missing"),
        (b"device\nw\xff1\n", "f.csv:2: is not UTF-8 at byte 2 of the line (0xff)"),
        ("device\nw1\n".encode("utf-16"), "f.csv:1: is UTF-16; save the file as UTF-8"),
        (b"device\nw\0\n", "f.csv:2: has a NUL byte at byte 2 of the line"),
        (b"device,profile\nw1\n", "f.csv:2: has 1 cells, the header has 2 columns"),
        (b'device,profile\nw1,"x\n', "f.csv:2: broken CSV, reading ends here"),
        (b"device\n" + b"x" * 100_000, "f.csv:2: is longer than 65536 bytes, reading ends here"),
        (b"device\nnew\n", "f.csv:2: profile: '': is missing, and device new is new"),
    ],
)
def test_a_file_that_is_no_registry_is_told_in_one_line(tmp_path: Path, content: bytes, line: str) -> None:
    """Encoding, quoting and header faults name the line and the remedy."""
    lines = told(take(tmp_path, content))

    assert line in lines[0]


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    """Faults of different rows and of one row come in one go, in the order of lines."""
    faults = take(
        tmp_path, csv_text(HEADER, row(lat="91", q3_m3_per_h="-1"), row(device="w2", profile="none"))
    ).faults

    assert [(f.line, f.column) for f in faults] == [(2, "lat"), (2, "q3_m3_per_h"), (3, "profile")]


def test_a_fault_of_the_header_hides_no_fault_of_a_cell(tmp_path: Path) -> None:
    """Below a header with an unknown name, what stands in the columns that are known is judged in one go."""
    content = csv_text("device,profil,lat,profile", f"w1,x,91,{WATER}", "w2,x", "w3,x,1,none")
    faults = take(tmp_path, content).faults

    assert [(f.line, f.column) for f in faults] == [
        (1, "header"),
        (1, "header"),
        (2, "lat"),
        (3, ""),
        (4, "profile"),
    ]


def test_a_header_of_unknown_names_alone_is_told_alone(tmp_path: Path) -> None:
    """A file of something else gets the faults of its header, not one for each of its lines."""
    faults = take(tmp_path, csv_text("name,road", "w1", "w2,Long Street")).faults

    assert {f.line for f in faults} == {1}


def test_a_device_that_stands_twice_is_told(tmp_path: Path) -> None:
    """The second row of a device with the same valid_from is a fault that names the first."""
    lines = told(take(tmp_path, csv_text(HEADER, row(), row())))

    assert lines == ["f.csv:3: device: 'w1': stands in line 2 already, valid from the same time"]


def test_rows_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    """One asset cannot have two positions in one file."""
    lines = told(
        take(tmp_path, csv_text(HEADER, row(valid_to="2026-01-01T00:00Z"), row(device="w2", lat="1")))
    )

    assert "f.csv:3: lat: '1': contradicts line 2, which has '28.26'" in lines


def test_two_devices_at_one_asset_at_once_are_told(tmp_path: Path) -> None:
    """Two rows that give one asset to two devices from always are a fault."""
    lines = told(take(tmp_path, csv_text(HEADER, row(), row(device="w2"))))

    assert lines == [
        "f.csv:3: valid_from: '': asset A1 is held by device w1 from always; say a time that fits"
    ]


def test_a_fault_holds_the_whole_file_back(tmp_path: Path) -> None:
    """Without leave to skip, one bad row keeps the good rows out."""
    imported = take(tmp_path, csv_text(HEADER, row(), row(device="w2", lat="91")))

    assert (imported.is_applied, imported.version) == (False, 0)


def test_bad_rows_can_be_skipped(tmp_path: Path) -> None:
    """With leave to skip, good rows are taken and every fault is still told."""
    imported = take(tmp_path, csv_text(HEADER, row(), row(device="w2", lat="91"), row()), skip_bad=True)

    assert (list(imported.changes.devices.added), len(imported.faults)) == (["w1"], 2)


def test_a_hostile_cell_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Control characters of a bad cell are printed as escapes."""
    lines = told(take(tmp_path, csv_text(HEADER, row(state="\x1b[2J"))))

    assert "'\\x1b[2J'" in lines[0]


def test_a_quoted_line_break_is_a_fault_of_its_first_line(tmp_path: Path) -> None:
    """Lines are counted as an editor counts them, also behind a quoted line break."""
    faults = take(tmp_path, csv_text("device,profile", f'"a\nb",{WATER}', "w2,none")).faults

    assert [(fault.line, fault.column) for fault in faults] == [(2, "device"), (4, "profile")]
