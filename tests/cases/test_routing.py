import io
import json
import os
import sqlite3
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from findings_rows import batch, raised
from grid_lattice import SCALE, border_points, code, lowest_cells, rings, write_grid
from narrowgate_cases import Practice, apply
from narrowgate_cases.city import City
from narrowgate_cases.grid_codes import CodeFault, cell_code, component_code, read_codes
from narrowgate_cases.grids import NO_CELL, Grid, read_grid
from narrowgate_cases.placing import Place, PlacedBy
from narrowgate_cases.routes import Routes, read_routes
from narrowgate_fleet import Fleet, Registry, import_csv

ZONE = ZoneInfo("Asia/Shanghai")
SIDE = 71 if os.environ.get("NARROWGATE_CHAOS") else 12
"""5 041 cells in a campaign, 144 otherwise."""
ROUTES = """place,service,hours,unit
,,,市政值班
110101,,,东城区
110101,lamp_out,,路灯一队
110101,lamp_out,mon-fri 18:00-24:00;sat-sun 00:00-24:00,路灯夜班
110101001001,continuous_leak,,水务抢修
"""


@pytest.fixture
def routes(tmp_path: Path) -> Routes:
    """A table with a row for everything, and rows for a district, a service, hours and a community."""
    (tmp_path / "routes.csv").write_text(ROUTES, encoding="utf-8")
    return read_routes(tmp_path / "routes.csv")


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """The lattice city's grid, read from its GeoJSON."""
    return read_grid(write_grid(tmp_path_factory.mktemp("grid") / "grid.geojson", rings(SIDE, 5)))


def test_every_point_on_and_beside_borders_lies_where_brute_force_says(grid: Grid) -> None:
    """The index and a judge that looks at every edge of every cell agree on each point of all borders."""
    cells = rings(SIDE, 5)
    points = border_points(cells)
    found = grid.at(points[:, 0] / SCALE, points[:, 1] / SCALE)

    assert len(points) >= 6 * SIDE * SIDE
    assert found.tolist() == lowest_cells(cells, points).tolist()


def test_a_point_that_is_nowhere_has_no_cell(grid: Grid) -> None:
    """A place that is not known, or lies outside the city, lies in no cell."""
    found = grid.at(np.array([np.nan, 0.0, np.inf, 116.0]), np.array([39.0, 0.0, 39.0, np.nan]))

    assert found.tolist() == [NO_CELL] * 4


def test_a_grid_without_cells_finds_nothing() -> None:
    """No cells and no points are legal."""
    empty = Grid([], [])

    assert empty.at(np.array([116.0]), np.array([39.0])).tolist() == [NO_CELL]
    assert empty.at(np.array([]), np.array([])).tolist() == []


@pytest.mark.parametrize(
    ("cell", "service", "wall", "unit"),
    [
        (None, "lamp_out", "2026-03-02T10:00", "市政值班"),
        ("440301001001001", "lamp_out", "2026-03-02T10:00", "市政值班"),
        ("110101009009009", "overstay", "2026-03-02T10:00", "东城区"),
        ("110101009009009", "lamp_out", "2026-03-02T10:00", "路灯一队"),
        ("110101009009009", "lamp_out", "2026-03-02T18:00", "路灯夜班"),
        ("110101009009009", "lamp_out", "2026-03-07T03:00", "路灯夜班"),
        ("110101001001001", "continuous_leak", "2026-03-02T10:00", "水务抢修"),
        ("110101001001001", "lamp_out", "2026-03-02T10:00", "路灯一队"),
    ],
)
def test_the_row_that_fits_best_says_who_mends(
    routes: Routes, cell: str | None, service: str, wall: str, unit: str
) -> None:
    """The longest place wins, then the service, then the hours."""
    assert routes.unit(cell, service, datetime.fromisoformat(wall)) == unit


def test_without_a_row_that_fits_nobody_is_sent() -> None:
    """A city without a table of routes leaves all to the desk."""
    assert Routes().unit("110101001001001", "lamp_out", datetime(2026, 3, 2)) is None  # noqa: DTZ001


def _fleet(folder: Path, rows: int) -> Fleet:
    """Give lamps: by grid code, by point, nowhere, in turns."""
    lines = ["device,profile,asset,role,lat,lon,grid,street,road_class"]
    for n in range(rows):
        lat, lon = f"{39 + (n % 97) / 1000:.4f}", f"{116 + (n % 89) / 1000:.4f}"
        place = [f"{lat},{lon},{code(n % 100)}", f"{lat},{lon},", ",,"][n % 3]
        lines.append(f"lamp-{n},test_lighting,pole-{n},lamp,{place},人民路 {n},arterial")
    sheet = io.BytesIO("\n".join([*lines, ""]).encode())
    with Registry(folder) as registry:
        assert import_csv(registry, sheet, {"test_lighting": "lighting"}).faults == []
    return Fleet.load(folder / "registry")


def test_grid_code_point_and_nowhere(tmp_path: Path, grid: Grid, routes: Routes) -> None:
    """The registry's grid code says where an asset lies, else its point; else the default desk has it."""
    fleet = _fleet(tmp_path, 3)
    city = City(lambda: fleet, grid, routes, ZONE)
    by_code, by_point, nowhere = (city.place("lamp_out", f"lamp-{n}", [], 0) for n in range(3))

    assert (by_code.placed_by, by_code.cell, by_code.unit) == (PlacedBy.GRID, code(0), "路灯一队")
    assert (by_point.placed_by, by_point.district) == (PlacedBy.POINT, "110101")
    assert nowhere == Place(unit="市政值班", street="人民路 2", road_class="arterial", tenant="default")


def test_a_group_lies_where_its_first_placed_member_does(tmp_path: Path, grid: Grid, routes: Routes) -> None:
    """A feeder is no device of the registry: its members say where it is."""
    fleet = _fleet(tmp_path, 3)
    city = City(lambda: fleet, grid, routes, ZONE)

    assert city.place("lamp_out", "feeder-1", ["lamp-2", "gone", "lamp-0"], 0).cell == code(0)


def test_cells_that_touch_or_were_drawn_twice_are_no_fault(tmp_path: Path) -> None:
    """Neighbours share borders, and one drawn twice differs by a hair; a tenth of a cell is a fault."""

    def read(west: float) -> Grid:
        square = [[[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]]
        other = _feature(properties={"code": code(1)}, geometry={"type": "Polygon", "coordinates": square})
        path = tmp_path / "grid.geojson"
        path.write_text(json.dumps({"features": [_feature(), other]}), encoding="utf-8")
        return read_grid(path)

    assert [len(read(west).cells) for west in (1.0, 0.999, 2.0)] == [2, 2, 2]
    with pytest.raises(CodeFault, match="by 10% of the smaller"):
        read(0.9)


def test_who_is_on_duty_when_a_case_comes_is_sent(
    tmp_path: Path, grid: Grid, routes: Routes, connection: sqlite3.Connection
) -> None:
    """A finding of the afternoon that arrives at night goes to who works at night."""
    fleet = _fleet(tmp_path, 1)
    practice = Practice(placing=City(lambda: fleet, grid, routes, ZONE))
    afternoon, night = (
        int(datetime(2026, 3, 2, hour, tzinfo=ZONE).timestamp()) * 1_000_000 for hour in (15, 20)
    )
    for n, at_us in enumerate((afternoon, night)):
        told = raised(f"f{n}", rule="lamp_out", device="lamp-0", asset=f"pole-{n}", raised_at=afternoon)
        apply(connection, batch(told), at_us, practice)
    units = [unit for (unit,) in connection.execute("SELECT unit FROM cases ORDER BY id")]

    assert units == ["路灯一队", "路灯夜班"]


def test_a_bare_point_lies_in_its_cell(tmp_path: Path, grid: Grid, routes: Routes) -> None:
    """What people report by a point alone is routed like an asset that stands there."""
    fleet = _fleet(tmp_path, 3)
    city = City(lambda: fleet, grid, routes, ZONE)
    asset = city.place("lamp_out", "lamp-1", [], 0)
    assert asset.lat is not None
    assert asset.lon is not None
    point = city.point("lamp_out", asset.lat, asset.lon, 0)

    assert (point.cell, point.unit, point.placed_by) == (asset.cell, asset.unit, PlacedBy.POINT)


def test_findings_are_routed_together(tmp_path: Path, grid: Grid, routes: Routes) -> None:
    """Many findings are routed in one go as one by one; none is legal."""
    fleet = _fleet(tmp_path, 30)
    city = City(lambda: fleet, grid, routes, ZONE)
    count = 10_000 if os.environ.get("NARROWGATE_CHAOS") else 60
    devices = [f"lamp-{n % 30}" for n in range(count)]
    began = time.perf_counter()
    found = city.places(["lamp_out"] * count, devices, [[]] * count, [0] * count)
    print(f"{count} findings routed in {time.perf_counter() - began:.3f} s")  # noqa: T201 - a campaign's figure

    assert found[:30] == [city.place("lamp_out", device, [], 0) for device in devices[:30]]
    assert city.places([], [], [], []) == []


@pytest.mark.parametrize("text", ["110101001001001", "500103001001001", "820101999999999"])
def test_a_cell_code_has_its_parts(text: str) -> None:
    """15 digits are a district, a street, a community and a serial."""
    found = cell_code(text)

    assert found.district + found.street + found.community + found.serial == text


def test_a_component_code_has_its_parts() -> None:
    """16 digits are a district, two classes and a serial."""
    found = component_code("1101010113000042")

    assert (found.district, found.major, found.minor, found.serial) == ("110101", "01", "13", "000042")


@pytest.mark.parametrize(
    "text", ["", "11010100100100", "1101010010010011", "11010100100100a",
             "１10101001001001", "001101001001001",
             "990101001001001", "110101001001001\n", "1' OR '1'='1"],
)  # fmt: skip
def test_what_is_no_cell_code_is_refused(text: str) -> None:
    """A code with other digits than 15, or of no district, is refused in one line."""
    with pytest.raises(CodeFault, match="code") as refused:
        cell_code(text)

    assert "\n" not in str(refused.value)


def _feature(**changes: Any) -> dict[str, Any]:
    square = [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]
    told = {
        "properties": {"code": code(0)},
        "geometry": {"type": "Polygon", "coordinates": square},
        **changes,
    }
    return {"type": "Feature", **told}


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no GeoJSON FeatureCollection"),
        ([_feature(properties={"code": "7"})], r"features\[0\]: '7' is no cell code"),
        ([_feature(properties={"code": 7})], "no text of 15 digits"),
        ([_feature(properties={"code": code(0), "name": "a\nb"})], "property name"),
        ([_feature(), _feature()], "is there already"),
        ([_feature(geometry={"type": "Point", "coordinates": [0, 0]})], "no Polygon"),
        ([_feature(geometry=None)], "geometry"),
        ([_feature(), _feature(properties={"code": code(1)})],
         f"{code(0)} and {code(1)} lie over each other by 100%"),
        ([_feature(geometry={"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]})],
         "crosses itself"),
        ([_feature(geometry={"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 99], [0, 0]]]})],
         "leaves the world"),
        ([_feature(geometry={"type": "Polygon", "coordinates": [[["a", 0]]]})], "cannot be read"),
        (["x"], "no feature with properties"),
    ],
)  # fmt: skip
def test_a_wrong_grid_is_refused_in_one_line(tmp_path: Path, features: Any, words: str) -> None:
    """A file that is no grid, or a feature that is no cell, is named with what is wrong."""
    path = tmp_path / "grid.geojson"
    text = features if isinstance(features, str) else json.dumps({"features": features})
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CodeFault, match=words) as refused:
        read_grid(path)

    assert "\n" not in str(refused.value)


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    """Each feature and each line that cannot be has a line of its own, and what is right between has none."""
    grid, routes, codes = (tmp_path / name for name in ("grid.geojson", "routes.csv", "codes.csv"))
    features = [_feature(), _feature(properties={"code": "7"}), _feature(geometry=None)]
    grid.write_text(json.dumps({"features": features}), encoding="utf-8")
    routes.write_text("unit,place\nA,1\nB,\n,110101\n", encoding="utf-8")
    codes.write_text("kind,code,name\nmajor,1,x\nmajor,01,x\nminor,1,x\n", encoding="utf-8")
    told = []
    for read, path in ((read_grid, grid), (read_routes, routes), (read_codes, codes)):
        with pytest.raises(CodeFault) as refused:
            read(path)
        told.append([each.removeprefix(f"{path}: ").partition(": ")[0] for each in refused.value.faults])

    assert told == [["features[1]", "features[2]"], ["line 2", "line 4"], ["line 2", "line 4"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("place,unit,colour\n,a,b\n", "line 1: its columns are"),
        ("", "line 1: its columns are"),
        ("unit,place\nA,1101\n", "line 2: place = '1101'"),
        ("unit,place\n,110101\n", "line 2: unit = ''"),
        ("unit,hours\nA,mon 9:00-10:00\n", "line 2: '9:00-10:00' is no time of day"),
        ("unit\nA,B\n", "line 2: more cells"),
        (b"unit\n\xff\xfe\n", "not UTF-8 at byte 5"),
        ('unit\n"A\n', "line"),
    ],
)
def test_a_wrong_table_of_routes_is_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    """A line that says nothing that can be is named with what would be right."""
    path = tmp_path / "routes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(CodeFault, match=words):
        read_routes(path)


def test_a_city_loads_its_own_code_tables(tmp_path: Path) -> None:
    """Names of districts and component classes come from the city's CSV."""
    path = tmp_path / "codes.csv"
    path.write_text(
        "kind,code,name\ndistrict,110101,东城区\nmajor,01,公用设施\nminor,0113,路灯\n", encoding="utf-8"
    )
    table = read_codes(path)

    assert [table.name("minor", "0113"), table.name("minor", "0199")] == ["路灯", None]


@pytest.mark.parametrize("line", ["colour,1,x", "major,1,x", "major,01,", "minor,01１3,x"])
def test_a_wrong_code_table_is_refused(tmp_path: Path, line: str) -> None:
    """A kind that is none, digits that do not fit and a name that is none are named with their line."""
    path = tmp_path / "codes.csv"
    path.write_text(f"kind,code,name\n{line}\n", encoding="utf-8")

    with pytest.raises(CodeFault, match="line 2"):
        read_codes(path)
