"""The field table: every name outsiders see in a reading, with dtype, unit and the meaning of null.

Made of the families' declarations; the Arrow schemas, the DuckDB tables, the InfluxDB types and the docs page
are made from it. A field never changes its dtype or its meaning. One name has one dtype everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from narrowgate_schema.declared import SHARED, UNSAID, Column, Dtype, Kind
from narrowgate_schema.families import DECLARED
from narrowgate_schema.words import Family

ALL = tuple(Family)


@dataclass(frozen=True)
class Field:
    """One column of a reading."""

    name: str
    dtype: Dtype
    unit: str
    """UCUM-like unit, or '' for counts, flags and text."""
    null: str = UNSAID
    """What null means; 'never' where it cannot be."""
    kind: Kind = "measure"
    families: tuple[Family, ...] = ALL


def _fields() -> Iterable[Field]:
    for column in SHARED:
        yield _field(column, ALL)
    said: dict[str, Column] = {}
    told_by: dict[str, list[Family]] = {}
    for family in Family:
        for column in DECLARED[family].columns:
            said.setdefault(column.name, column)
            told_by.setdefault(column.name, []).append(family)
    for name, column in said.items():
        yield _field(column, tuple(told_by[name]))


def _field(column: Column, families: tuple[Family, ...]) -> Field:
    return Field(column.name, column.dtype, column.unit, column.null, column.kind, families)


FIELDS: tuple[Field, ...] = tuple(_fields())

VALVE_STATES = ("open", "closed", "fault")

_OF_NAME = {field.name: field for field in FIELDS}
_BY_FAMILY: dict[Family, tuple[Field, ...]] = {
    family: tuple(_OF_NAME[column.name] for column in (*SHARED, *DECLARED[family].columns))
    for family in Family
}


def fields_of(family: Family) -> tuple[Field, ...]:
    """Give the columns of one family's readings, in table order."""
    return _BY_FAMILY[family]
