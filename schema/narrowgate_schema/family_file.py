"""A family's file: TOML of a closed vocabulary, read with all its faults at once.

Rule 1: no code of the package that brings it is run.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from narrowgate_schema.declared import SHARED, UNSAID, Chart, Column, Declaration, Dtype, Figure
from narrowgate_schema.reserved import NOT_FAMILIES
from narrowgate_schema.units import UNITS

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_WORDS = {"en", "zh"}
_TOP = {"family", "colour", "main", "shown", "chart", "fields", "flags", "services", *_WORDS}
_NEEDED = ("family", "en", "zh", "colour", "main", "chart", "fields")
_CHART = {"figure", "quantity", "unit", "per", *_WORDS}
_FIELD = {"dtype", "unit", "null", *_WORDS}
_FLAG = {"null", *_WORDS}
_DRAWN = ("float64", "int64", "bool")
_UNITS = tuple(UNITS)
_NO_UNIT = f"no unit; known are {', '.join(filter(None, UNITS))}"
_DTYPES = tuple(name for name in get_args(Dtype) if name != "timestamp")
_OF_NUMBERS = frozenset({Figure.MEAN, Figure.SUM, Figure.HIGHEST, Figure.LOWEST, Figure.FLOW})


@dataclass(frozen=True)
class FamilyFault:
    """One thing wrong in a family's file."""

    file: str
    key: str
    value: str
    right: str
    """What would be right."""

    def __str__(self) -> str:
        """Say it in one line."""
        given = f" = {self.value}" if self.value else ""
        return f"{self.file}: {self.key}{given}: {self.right}" if self.key else f"{self.file}: {self.right}"


class FamilyFaults(ValueError):
    """A family's file that cannot be used, with all that is wrong in it."""

    def __init__(self, faults: Collection[FamilyFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, faults)))


def read_family(text: str, file: str, known: Mapping[str, Declaration]) -> Declaration:
    """Give the family that a file declares.

    Args:
        text: the file.
        file: how faults name it.
        known: families that are there already, by name.

    Raises:
        FamilyFaults: names all faults: no TOML, unknown or missing keys, names, units, clashes.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FamilyFaults([FamilyFault(file, "", "", f"no TOML: {error}")]) from None
    reading = _Reading(file, table)
    declaration = reading.declaration()
    if declaration is not None:
        reading.compare(declaration, known)
    if declaration is None or reading.faults:
        raise FamilyFaults(reading.faults)
    return declaration


class _Reading:
    """One file as it is read; faults gather."""

    def __init__(self, file: str, table: dict[str, Any]) -> None:
        self._file, self._table = file, table
        self.faults: list[FamilyFault] = []

    def _fault(self, key: str, value: object, right: str) -> None:
        self.faults.append(FamilyFault(self._file, key, "" if value is None else repr(value), right))

    def declaration(self) -> Declaration | None:
        """Give the family, or None with its faults told."""
        self._check_keys("", self._table, _TOP, _NEEDED)
        if self.faults:
            return None
        name, chart = self._table["family"], self._of("chart")
        columns = (*self._fields(), *self._flags())
        dtypes = {column.name: column.dtype for column in (*SHARED, *columns)}
        main, shown = self._table["main"], self._table.get("shown", [])
        self._check_name(name)
        if not isinstance(shown, list):
            self._fault("shown", shown, "a list of names of fields")
            shown = []
        can_be_drawn = [name for name, dtype in dtypes.items() if dtype in _DRAWN]
        if main not in [column.name for column in columns] or main not in can_be_drawn:
            self._fault("main", main, "a number or flag of [fields] or [flags]")
        for each in shown:
            if each not in can_be_drawn:
                self._fault("shown", each, "no number or flag of this family")
        if not isinstance(self._table["colour"], str) or not _COLOUR.fullmatch(self._table["colour"]):
            self._fault("colour", self._table["colour"], "wants #rrggbb, in small letters")
        made, words = self._chart(chart, columns, main), self._words(columns)
        if made is None or self.faults:
            return None
        return Declaration(name, columns, main, tuple(shown), self._table["colour"], made, words)

    def compare(self, found: Declaration, known: Mapping[str, Declaration]) -> None:
        """Tell what clashes with families that are there already."""
        if found.name in known:
            self._fault("family", found.name, "there is a family of that name")
            return
        for other in known.values():
            theirs = {column.name: column for column in other.columns}
            for column in found.columns:
                there = theirs.get(column.name, column)
                if (there.dtype, there.unit, there.kind) != (column.dtype, column.unit, column.kind):
                    right = f"is {there.dtype} [{there.unit}] of {other.name}: one name has one meaning"
                    self._fault(f"fields.{column.name}", None, right)
            for service in self._table.get("services", {}):
                if service in other.words:
                    self._fault(f"services.{service}", None, f"is a word of {other.name} already")

    def _check_keys(
        self, place: str, table: Mapping[str, Any], known: Collection[str], needed: Collection[str] = ()
    ) -> None:
        for key in table:
            if key not in known:
                self._fault(f"{place}{key}", None, f"no such key; known are {', '.join(sorted(known))}")
        for key in needed:
            if key not in table:
                self._fault(f"{place}{key}", None, "is missing")

    def _check_name(self, name: object) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self._fault("family", name, "wants small letters, digits and _, 40 at most")
        elif name in NOT_FAMILIES:
            self._fault("family", name, "the name is another thing's already: a table, a page, a word of SQL")

    def _of(self, key: str) -> dict[str, Any]:
        table = self._table.get(key, {})
        if not isinstance(table, dict):
            self._fault(key, table, "is a table")
            return {}
        return table

    def _columns(self, key: str, known: Collection[str]) -> dict[str, dict[str, Any]]:
        found = {}
        for name, table in self._of(key).items():
            place = f"{key}.{name}"
            if not _NAME.fullmatch(name):
                self._fault(place, None, "wants small letters, digits and _, 40 at most")
            elif name in {column.name for column in SHARED}:
                self._fault(place, None, "every family has it already")
            elif not isinstance(table, dict):
                self._fault(place, table, "is a table")
            else:
                self._check_keys(f"{place}.", table, known, ("en", "zh"))
                found[name] = table
        return found

    def _fields(self) -> list[Column]:
        found = []
        for name, table in self._columns("fields", _FIELD).items():
            dtype, unit = table.get("dtype", "float64"), table.get("unit", "")
            if dtype not in _DTYPES:
                self._fault(f"fields.{name}.dtype", dtype, f"one of {', '.join(_DTYPES)}")
            elif unit not in _UNITS:
                self._fault(f"fields.{name}.unit", unit, _NO_UNIT)
            elif dtype == "float64" and not name.endswith(UNITS[unit]):
                self._fault(f"fields.{name}", None, f"in {unit}, its name ends in {UNITS[unit]}")
            else:
                found.append(Column(name, dtype, unit, self._null("fields", name, table)))
        return found

    def _flags(self) -> list[Column]:
        flags = self._columns("flags", _FLAG).items()
        names = set(self._of("fields"))
        for name, _ in flags:
            if name in names:
                self._fault(f"flags.{name}", None, "stands in [fields] already")
        return [Column(name, "bool", "", self._null("flags", name, table), "flag") for name, table in flags]

    def _null(self, key: str, name: str, table: Mapping[str, Any]) -> str:
        null = table.get("null", UNSAID)
        if not isinstance(null, str) or not null or null.startswith("never"):
            self._fault(f"{key}.{name}.null", null, "what it means that the value is not there, in words")
            return UNSAID
        return null

    def _chart(self, table: Mapping[str, Any], columns: Collection[Column], main: object) -> Chart | None:
        self._check_keys("chart.", table, _CHART, ("figure", "en", "zh"))
        of = next((column for column in columns if column.name == main), None)
        if table.get("figure") not in list(Figure):
            self._fault("chart.figure", table.get("figure"), f"one of {', '.join(Figure)}")
        if of is None or self.faults:
            return None
        figure, per = Figure(table["figure"]), table.get("per", 1)
        if (figure in _OF_NUMBERS) == (of.dtype == "bool"):
            right = f"{of.name} is a {of.dtype}: a flag has a share, a number any other"
            self._fault("chart.figure", str(figure), right)
        if not isinstance(per, int | float) or isinstance(per, bool) or not per > 0:
            self._fault("chart.per", per, "a number above 0")
        quantity, unit = table.get("quantity", of.name), table.get("unit", of.unit)
        if not isinstance(quantity, str) or not _NAME.fullmatch(quantity):
            self._fault("chart.quantity", quantity, "wants small letters, digits and _, 40 at most")
        if unit not in _UNITS:
            self._fault("chart.unit", unit, _NO_UNIT)
        return None if self.faults else Chart(figure, quantity, unit, float(per))

    def _words(self, columns: Collection[Column]) -> dict[str, tuple[str, str]]:
        fields, flags, services = self._of("fields"), self._of("flags"), self._of("services")
        for name, table in services.items():
            if not _NAME.fullmatch(name) or not isinstance(table, dict):
                self._fault(f"services.{name}", None, "the name of a rule, with its words in en and zh")
            else:
                self._check_keys(f"services.{name}.", table, _WORDS, ("en", "zh"))
        name = str(self._table["family"])
        said = {name: ("chart.", self._of("chart")), f"{name}_way": ("", self._table)}
        said[f"family_is_{name}"] = said[f"{name}_way"]
        said |= {column.name: (f"{column.name}.", (fields | flags)[column.name]) for column in columns}
        sound = {service: table for service, table in services.items() if isinstance(table, dict)}
        said |= {service: (f"services.{service}.", table) for service, table in sound.items()}
        return {
            each: (self._word(place, table, "en"), self._word(place, table, "zh"))
            for each, (place, table) in said.items()
        }

    def _word(self, place: str, table: Mapping[str, Any], language: str) -> str:
        word = table.get(language, "?")
        if not isinstance(word, str) or not word.strip() or len(word) > 60 or not word.isprintable():
            self._fault(f"{place}{language}", word, "1 to 60 characters that can be printed")
            return ""
        return word
