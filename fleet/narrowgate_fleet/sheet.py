"""A CSV file as rows of checked values; every fault of every row is told at once.

The header names columns of the registry, in any order. One row is a device with its asset. A column that is
not in the header keeps what the registry holds; an empty cell means the column's default, mostly 'not set'.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from narrowgate_fleet.cells import ALWAYS_US, OPEN_US, parse
from narrowgate_fleet.columns import BY_NAME, Column, Table, Value
from narrowgate_fleet.faults import Fault
from narrowgate_fleet.lines import Lines

CACHED_CELLS = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """One checked line."""

    line: int
    device: str | None
    device_cells: tuple[Value, ...]
    """In the order of Sheet.device_columns."""
    asset: str | None
    asset_cells: tuple[Value, ...]
    """In the order of Sheet.asset_columns."""
    valid_from_us: int
    valid_to_us: int


@dataclass(frozen=True)
class Sheet:
    """A file's rows, its faults, and the columns that its header names."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    device_columns: tuple[str, ...] = ()
    asset_columns: tuple[str, ...] = ()


def read_sheet(
    stream: BinaryIO, families: Mapping[str, str], progress: Callable[[int], None] | None = None
) -> Sheet:
    """Read a CSV file.

    Args:
        stream: the file's bytes, UTF-8 with or without a byte order mark.
        families: family of every known profile, by the profile's name.
        progress: is told the bytes of each line read.

    Returns:
        The good rows and all faults; a fault of the header leaves no rows, yet their cells are judged by the
        columns that are known.
    """
    lines = Lines(stream, progress)
    records = iter(lines)
    line, names = next(records, (1, []))
    header = [name.strip() for name in names]
    if lines.faults:
        return Sheet(faults=lines.faults)
    if faults := _header_faults(line, header):
        return Sheet(faults=sorted(faults + _cell_faults(records, header, families) + lines.faults))
    reader = _Rows([BY_NAME[name] for name in header], families)
    rows = [row for line, cells in records if (row := reader.row(line, cells)) is not None]
    return Sheet(
        rows,
        sorted(lines.faults + reader.faults),
        reader.names_of("device"),
        reader.names_of("asset"),
    )


def _header_faults(line: int, header: list[str]) -> list[Fault]:
    if not header:
        return [Fault(line, "", "", "is empty; the first line must name the columns")]
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        return [Fault(line, "", header[0], "columns must be set apart by commas")]
    faults = [Fault(line, "header", name, _near(name, BY_NAME)) for name in header if name not in BY_NAME]
    twice = sorted({name for name in header if name in BY_NAME and header.count(name) > 1})
    faults += [Fault(line, "header", name, "stands twice") for name in twice]
    needs = {"device": header, "profile": {"family"}, "asset": set(BY_NAME) - _DEVICE_NAMES}
    for name, dependants in needs.items():
        if name not in header and any(other in header for other in dependants):
            faults.append(Fault(line, "header", "", f"column {name} is missing"))
    return faults


_DEVICE_NAMES = {column.name for column in BY_NAME.values() if column.table == "device"}


def _near(name: str, accepted: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, accepted, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    listed = ", ".join(accepted)
    return f"is unknown{hint} (known: {listed if len(listed) <= 400 else listed[:400] + '…'})"


def _cell_faults(
    records: Iterable[tuple[int, list[str]]], header: list[str], families: Mapping[str, str]
) -> list[Fault]:
    """Give the faults of the cells below those names of a faulty header that are known."""
    known = [place for place, name in enumerate(header) if name in BY_NAME]
    if not known:
        return []
    reader = _Rows([BY_NAME[header[place]] for place in known], families)
    for line, cells in records:
        if len(cells) == len(header):
            reader.judge(line, [cells[place] for place in known])
        else:
            reader.faults.append(_width_fault(line, cells, len(header)))
    return reader.faults


def _width_fault(line: int, cells: list[str], columns: int) -> Fault:
    return Fault(line, "", "", f"has {len(cells)} cells, the header has {columns} columns")


class _Rows:
    """Turns records into rows; faults gather in `faults`."""

    def __init__(self, columns: list[Column], families: Mapping[str, str]) -> None:
        self.faults: list[Fault] = []
        self._columns = columns
        self._families = families
        # Most cells repeat (zones, profiles, numbers): parsed once, and one object in memory.
        self._parsed: list[dict[str, Value]] = [{} for _ in columns]
        self._device_columns = self.names_of("device")
        self._asset_columns = self.names_of("asset")

    def names_of(self, table: Table) -> tuple[str, ...]:
        """Give the header's columns of a table without its key; the family comes with the profile."""
        names = [column.name for column in self._columns if column.table == table and column.name != table]
        if "profile" in names and "family" not in names:
            names.append("family")
        return tuple(names)

    def row(self, line: int, cells: list[str]) -> Row | None:
        """Give a record as a row, or None with its faults told."""
        if len(cells) != len(self._columns):
            self.faults.append(_width_fault(line, cells, len(self._columns)))
            return None
        told = len(self.faults)
        values = self._values(line, cells)
        wrong = self._profile_faults(values)
        if len(self.faults) == told:
            wrong += _place_faults(values)
        for name, said, should in wrong:
            self.faults.append(Fault(line, name, "" if said is None else str(said), should))
        if len(self.faults) > told:
            return None
        return Row(
            line,
            _text_or_none(values.get("device")),
            tuple(values.get(name) for name in self._device_columns),
            _text_or_none(values.get("asset")),
            tuple(values.get(name) for name in self._asset_columns),
            _instant_or(values.get("valid_from"), ALWAYS_US),
            _instant_or(values.get("valid_to"), OPEN_US),
        )

    def judge(self, line: int, cells: list[str]) -> None:
        """Tell the faults of each cell by itself: what a row means is unknown where the header is wrong."""
        profile = self._values(line, cells).get("profile")
        if profile is not None and str(profile) not in self._families:
            self.faults.append(Fault(line, "profile", str(profile), _near(str(profile), self._families)))

    def _values(self, line: int, cells: list[str]) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for column, text, parsed in zip(self._columns, cells, self._parsed, strict=True):
            if text in parsed:
                values[column.name] = parsed[text]
                continue
            try:
                value = parse(column, text)
            except ValueError as error:
                self.faults.append(Fault(line, column.name, text, str(error)))
                continue
            values[column.name] = value
            if len(parsed) < CACHED_CELLS:
                parsed[text] = value
        return values

    def _profile_faults(self, values: dict[str, Value]) -> list[tuple[str, Value, str]]:
        profile, family = values.get("profile"), values.get("family")
        if "device" in values and values["device"] is None:
            says = [name for name in self._device_columns if values.get(name) != BY_NAME[name].default]
            return [("device", None, f"is missing, yet the row says its {says[0]}")] if says else []
        if "profile" not in values:
            return []
        if profile is None:
            return [("profile", None, "is missing")]
        right = self._families.get(str(profile))
        if right is None:
            return [("profile", profile, _near(str(profile), self._families))]
        if family is not None and family != right:
            return [("family", family, f"must be {right}, the family of profile {profile}, or empty")]
        values["family"] = str(right)
        return []


def _place_faults(values: dict[str, Value]) -> list[tuple[str, Value, str]]:
    faults: list[tuple[str, Value, str]] = []
    places = [name for name, value in values.items() if value is not None and BY_NAME[name].table == "asset"]
    valid_from, valid_to = values.get("valid_from"), values.get("valid_to")
    if values.get("asset") is None:
        if values.get("device") is None:
            faults.append(("device", None, "the row names neither a device nor an asset"))
        if places:
            faults.append(("asset", None, f"is missing, yet the row says its {places[0]}"))
        if valid_to is not None:
            faults.append(("valid_to", None, "needs an asset"))
    elif values.get("device") is None and (valid_from is not None or valid_to is not None):
        faults.append(("valid_from", None, "needs a device"))
    if (values.get("lat") is None) != (values.get("lon") is None):
        faults.append(("lat", values.get("lat"), "lat and lon must both be set, or both be empty"))
    if _instant_or(valid_to, OPEN_US) <= _instant_or(valid_from, ALWAYS_US):
        faults.append(("valid_to", None, "must be later than valid_from"))
    return faults


def _text_or_none(value: Value) -> str | None:
    return None if value is None else str(value)


def _instant_or(value: Value, other_us: int) -> int:
    return other_us if value is None else int(value)
