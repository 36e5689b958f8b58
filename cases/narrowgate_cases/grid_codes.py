"""The codes of cells and components (GB/T 30428): their digits, and what the city's own tables say of them.

A cell 单元网格 is 15 digits: district 6, street 3, community 3, serial 3. A component 部件 is 16: district 6,
major class 2, minor class 2, serial 6. The norm's tables are not shipped: a city loads its own.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_CELL = re.compile(r"([0-9]{6})([0-9]{3})([0-9]{3})([0-9]{3})")
_COMPONENT = re.compile(r"([0-9]{6})([0-9]{2})([0-9]{2})([0-9]{6})")
_DISTRICT = re.compile(r"[1-8][0-7][0-9]{4}")
MOST_FILE_BYTES = 64 << 20
MOST_NAME = 100


class CodeFault(ValueError):
    """A code, or a table of them, that cannot be; one line says why and what would be right."""

    def __init__(self, first: str, *further: str) -> None:
        """Say the first thing that is wrong, and how many there are besides."""
        super().__init__(f"{first}; and {len(further)} more" if further else first)
        self.faults = first, *further
        """All that is wrong, a line each."""


@dataclass(frozen=True)
class CellCode:
    """A cell's code in its parts."""

    district: str
    street: str
    community: str
    serial: str


@dataclass(frozen=True)
class ComponentCode:
    """A component's code in its parts."""

    district: str
    major: str
    minor: str
    serial: str


def cell_code(text: str) -> CellCode:
    """Read a cell's code.

    Raises:
        CodeFault: it is none.
    """
    match = _CELL.fullmatch(text)
    if match is None:
        raise CodeFault(f"{text[:40]!r} is no cell code: 15 digits, 6 of them a district's")
    return CellCode(_district(match[1]), *match.groups()[1:])


def component_code(text: str) -> ComponentCode:
    """Read a component's code.

    Raises:
        CodeFault: it is none.
    """
    match = _COMPONENT.fullmatch(text)
    if match is None:
        raise CodeFault(f"{text[:40]!r} is no component code: 16 digits, 6 of them a district's")
    return ComponentCode(_district(match[1]), *match.groups()[1:])


def _district(code: str) -> str:
    if _DISTRICT.fullmatch(code) is None:
        raise CodeFault(f"{code!r} begins no code: a district's number begins with its province's, 11 to 82")
    return code


@dataclass(frozen=True)
class CodeTable:
    """What a city's codes mean: names by kind and code."""

    names: Mapping[tuple[str, str], str]

    def name(self, kind: str, code: str) -> str | None:
        """Give a code's name; None if the table has none.

        Args:
            kind: `district`, `street`, `community`, `major` or `minor`.
            code: a district's 6 digits, a street's 9, a community's 12, a major class's 2, a minor's 4.
        """
        return self.names.get((kind, code))


_KINDS = {"district": 6, "street": 9, "community": 12, "major": 2, "minor": 4}


def read_codes(path: Path) -> CodeTable:
    """Read a city's table of codes: a CSV with the columns kind, code and name.

    Raises:
        CodeFault: the file cannot be read, or a line of it is wrong; names the line.
    """
    names: dict[tuple[str, str], str] = {}
    faults = []
    for line, row in csv_rows(path, ("kind", "code", "name")):
        try:
            _named(row, names)
        except CodeFault as fault:
            faults.append(f"{path}: line {line}: {fault}")
    if faults:
        raise CodeFault(*faults)
    return CodeTable(names)


def _named(row: dict[str, str], names: dict[tuple[str, str], str]) -> None:
    kind, code, name = row["kind"], row["code"], row["name"]
    digits = _KINDS.get(kind)
    if digits is None:
        raise CodeFault(f"kind = {kind[:40]!r}: one of {', '.join(_KINDS)}")
    if not (code.isascii() and code.isdigit() and len(code) == digits):
        raise CodeFault(f"code = {code[:40]!r}: {digits} digits for a {kind}")
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise CodeFault(f"name: 1 to {MOST_NAME} printable letters")
    if names.setdefault((kind, code), name) != name:
        raise CodeFault(f"{kind} {code} stands there twice")


def file_text(path: Path) -> str:
    """Give the text of a city's file.

    Raises:
        CodeFault: it cannot be read, is too long, or is not UTF-8.
    """
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise CodeFault(f"{path}: more than {MOST_FILE_BYTES >> 20} MB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CodeFault(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CodeFault(f"{path}: not UTF-8 at byte {error.start}") from None


def csv_rows(path: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Give the rows of a CSV with their line numbers, each cell trimmed; a column that is not there is empty.

    Raises:
        CodeFault: it cannot be read, has other columns, or a row has more cells than columns.
    """
    reader = csv.DictReader(io.StringIO(file_text(path), newline=""), strict=True)
    try:
        unknown = [name for name in reader.fieldnames or () if name not in columns]
        if unknown or columns[0] not in (reader.fieldnames or ()):
            raise CodeFault(f"{path}: line 1: its columns are {', '.join(columns)}")
        rows = []
        for row in reader:
            if None in row:
                raise CodeFault(f"{path}: line {reader.line_num}: more cells than columns")
            rows.append((reader.line_num, {name: (row.get(name) or "").strip() for name in columns}))
    except csv.Error as error:
        raise CodeFault(f"{path}: line {reader.line_num}: {error}") from None
    return rows
