"""What a device said in a case: readings one by one, or columns at equal steps."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from narrowgate_rules.casebook.case import ONE, Said, Value, time_us
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family

MOST_READINGS = 100_000
"""A case is read by people."""
_KINDS: dict[str, Any] = {"float64": (int, float), "int64": int, "bool": bool, "string": str}


class CourseFault(ValueError):
    """What is wrong with the readings of a case, and under which key."""

    def __init__(self, key: str, what: str) -> None:
        self.key = key
        super().__init__(what)


def course_of(table: Mapping[str, Any], family: Family) -> tuple[Said, ...]:
    """Give the readings that a case's keys `given`, or `every` with `say` and `rises`, mean.

    Raises:
        CourseFault: the first thing that is wrong.
    """
    if ("given" in table) == ("every" in table):
        raise CourseFault("given", "either `given`, or `every` with `say` or `rises`")
    said = tuple(_listed(table["given"]) if "given" in table else _stepped(table))
    known = {field.name: field.dtype for field in fields_of(family)}
    for reading in said:
        for name, value in reading.values.items():
            kind = _KINDS.get(known.get(name, ""))
            if kind is None:
                raise CourseFault(f"given.{name}", f"is no measure or flag of {family}")
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise CourseFault(f"given.{name}", f"{value!r:.60} is of another kind than wanted")
    return said


def _listed(given: list[Any]) -> Iterator[Said]:
    for place, entry in enumerate(given):
        parts = list(entry) if isinstance(entry, list) else []
        device = parts.pop(0) if len(parts) == 3 else ONE
        if len(parts) != 2 or not isinstance(parts[0], str) or not isinstance(parts[1], dict):
            raise CourseFault(f"given[{place}]", 'is written ["00:10", { flow_m3_per_h = 0.6 }]')
        if not isinstance(device, str):
            raise CourseFault(f"given[{place}]", "has a device that is no text")
        yield Said(device, _time_us(f"given[{place}]", parts[0]), parts[1])


def _stepped(table: Mapping[str, Any]) -> Iterator[Said]:
    every_us = _time_us("every", table["every"])
    columns = {name: _values(f"say.{name}", each) for name, each in table.get("say", {}).items()}
    columns |= {name: _register(f"rises.{name}", each) for name, each in table.get("rises", {}).items()}
    longest = max((len(values) for values in columns.values()), default=0)
    count = table.get("count", longest)
    if not columns or every_us == 0 or not 0 <= count <= MOST_READINGS:
        raise CourseFault("every", f"wants a step, `say` or `rises`, and at most {MOST_READINGS} readings")
    for n in range(count):
        values = {name: each[min(n, len(each) - 1)] for name, each in columns.items()}
        yield Said(ONE, n * every_us, values)


def _values(key: str, values: object) -> list[Value]:
    """Give a column as it is listed; its last value goes on."""
    if not isinstance(values, list) or not values:
        raise CourseFault(key, "is a list; its last value goes on")
    return values


def _register(key: str, table: object) -> list[Value]:
    """Give a register that starts somewhere and rises by some steps, over and over."""
    if not isinstance(table, dict) or not {"from", "by"} <= table.keys() <= {"from", "by", "times"}:
        raise CourseFault(key, "is written { from = 10, by = [0.05, 0], times = 1 }")
    steps, times = table["by"], table.get("times", 1)
    if not isinstance(steps, list) or not all(map(_is_number, (*steps, table["from"]))):
        raise CourseFault(key, "wants numbers")
    if not isinstance(times, int) or not 0 < times * len(steps) <= MOST_READINGS:
        raise CourseFault(key, f"wants 1 to {MOST_READINGS} steps")
    return [round(value, 6) for value in accumulate(steps * times, initial=float(table["from"]))]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _time_us(key: str, text: str) -> int:
    try:
        return time_us(text)
    except ValueError as error:
        raise CourseFault(key, str(error)) from None
