"""The city's grid: which cell a point lies in.

Rule 1: a point on a border lies in each cell that it touches; the cell with the lowest code has it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from narrowgate_cases.grid_codes import CodeFault, cell_code, file_text

MOST_CELLS = 200_000
NO_CELL = -1
MOST_OVERLAP = 0.01
"""The share of the smaller cell by which two may lie over each other: no border is drawn twice alike."""


@dataclass(frozen=True)
class Cell:
    """One cell of the grid."""

    code: str
    """15 digits."""
    district: str
    """The district's name or code."""
    name: str


class Grid:
    """Cells with their shapes, in the order of their codes."""

    def __init__(self, cells: Sequence[Cell], shapes: Sequence[shapely.Geometry]) -> None:
        """Index the cells.

        Args:
            cells: (n,); n may be 0.
            shapes: (n,) polygons in WGS 84, longitude first [deg].
        """
        order = sorted(range(len(cells)), key=lambda n: cells[n].code)
        self.cells = [cells[n] for n in order]
        self._by_code = {cell.code: cell for cell in self.cells}
        self._tree = STRtree([shapes[n] for n in order])

    def cell(self, code: str) -> Cell | None:
        """Give the cell of a code; None if the city has none."""
        return self._by_code.get(code)

    def at(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the cell that each point lies in.

        Args:
            lon: (n,) [deg]; NaN = not known.
            lat: (n,) [deg]; NaN = not known.

        Returns:
            (n,) places in `cells`; NO_CELL where the city has none.
        """
        found = np.full(len(lon), len(self.cells), dtype=np.int64)
        known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        points = shapely.points(lon[known], lat[known])
        which, cells = self._tree.query(points, predicate="intersects")
        np.minimum.at(found, known[which], cells)
        found[found == len(self.cells)] = NO_CELL
        return found


def read_grid(path: Path) -> Grid:
    """Read a grid from GeoJSON: a FeatureCollection of polygons whose property `code` has 15 digits.

    The properties `district` and `name` are optional; without the first it is the code's district.

    Raises:
        CodeFault: the file cannot be read, or a feature of it is wrong; names the feature.
    """
    try:
        read = json.loads(file_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, CodeFault):
            raise
        raise CodeFault(f"{path}: not JSON: {str(error)[:80]}") from None
    features = read.get("features") if isinstance(read, dict) else None
    if not isinstance(features, list) or len(features) > MOST_CELLS:
        raise CodeFault(f"{path}: no GeoJSON FeatureCollection of at most {MOST_CELLS} features")
    cells, shapes, faults, seen = [], [], [], set[str]()
    for n, feature in enumerate(features):
        try:
            cell, shape = _cell(feature)
            if cell.code in seen:
                raise CodeFault(f"the cell {cell.code} is there already")
        except CodeFault as fault:
            faults.append(f"{path}: features[{n}]: {fault}")
            continue
        seen.add(cell.code)
        cells.append(cell)
        shapes.append(shape)
    faults += [f"{path}: {words}" for words in _overlaps(cells, shapes)]
    if faults:
        raise CodeFault(*faults)
    return Grid(cells, shapes)


def _overlaps(cells: Sequence[Cell], shapes: Sequence[shapely.Geometry]) -> list[str]:
    """Say which cells lie over each other: by more than what two drawings of one border differ by."""
    drawn = np.array(shapes, dtype=object)
    one, other = STRtree(drawn).query(drawn, predicate="intersects")
    one, other = one[one < other], other[one < other]
    both = shapely.area(shapely.intersection(drawn[one], drawn[other]))
    smaller = np.minimum(shapely.area(drawn[one]), shapely.area(drawn[other]))
    over = np.flatnonzero(both > MOST_OVERLAP * smaller)
    return [
        f"the cells {cells[one[n]].code} and {cells[other[n]].code} lie over each other by"
        f" {both[n] / smaller[n]:.0%} of the smaller"
        for n in over
    ]


def _cell(feature: Any) -> tuple[Cell, shapely.Geometry]:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise CodeFault("no feature with properties")
    told = feature["properties"]
    code = told.get("code")
    if not isinstance(code, str):
        raise CodeFault("its property code is no text of 15 digits")
    district = cell_code(code).district
    cell = Cell(code, _text(told, "district") or district, _text(told, "name"))
    return cell, _shape(feature.get("geometry"))


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name, "")
    if not isinstance(value, str) or len(value) > 100 or not (value.isprintable()):
        raise CodeFault(f"its property {name} is no line of at most 100 letters")
    return value


def _shape(geometry: Any) -> shapely.Geometry:
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except shapely.errors.ShapelyError as error:
        raise CodeFault(f"its geometry cannot be read: {' '.join(str(error).split())[:80]}") from None
    if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        raise CodeFault("its geometry is no Polygon or MultiPolygon")
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise CodeFault("its geometry leaves the world: longitude first, in degrees")
    if not shape.is_valid:
        raise CodeFault(f"its geometry crosses itself: {shapely.is_valid_reason(shape)}")
    return shape
