"""The queue: pages of cases under filters, each page found from the last row of the one before.

Rule 1: no page costs more than its rows, however many cases lie before it: no offsets.
"""

import re
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from narrowgate_cases.clocks import Light
from narrowgate_cases.lifecycle import State
from narrowgate_cases.queries import COLUMNS, Case, case_of, number_of
from narrowgate_cases.tables import CLOCK_SQL, IS_OPEN_SQL
from narrowgate_schema.words import Severity

MOST_ROWS = 500
_CURSOR = re.compile(r"(-?[0-9]{1,19})\.([0-9]{1,18})")
_LARGEST = 2**63 - 1


class Order(StrEnum):
    """What stands first."""

    CLOCK = "clock"
    """Open cases, those whose time is up first."""
    NEWEST = "newest"
    """The latest first."""


@dataclass(frozen=True)
class Filters:
    """Which cases are asked for; None is any."""

    state: State | None = None
    """None: the open ones."""
    light: Light | None = None
    """Of cases whose clock runs."""
    service: str | None = None
    severity: Severity | None = None
    unit: str | None = None
    district: str | None = None
    text: str | None = None
    """Part of the device's, asset's or street's name, or a number."""
    is_unplaced: bool | None = None
    """Whether no cell is known."""


@dataclass(frozen=True)
class QueuePage:
    """Some cases, and where to go on."""

    cases: list[Case]
    after: str | None
    """The cursor of the next page; None if this is the last one."""


def queue(
    connection: sqlite3.Connection,
    filters: Filters,
    *,
    now_us: int,
    order: Order = Order.CLOCK,
    limit: int = 50,
    after: str | None = None,
) -> QueuePage:
    """Give a page of cases.

    Args:
        connection: reads the desk's tables.
        filters: which.
        now_us: now, by which lights are told [us].
        order: what stands first; what is over has no clock and comes by its number.
        limit: how many at most.
        after: the cursor that the page before gave; None = the first page.

    Raises:
        ValueError: a limit or a cursor that is none.
    """
    if not 0 < limit <= MOST_ROWS:
        raise ValueError(f"a page has 1 to {MOST_ROWS} cases, not {limit}")
    by_clock = order is Order.CLOCK and filters.state is None
    where, values = _where(filters, now_us)
    if after is not None:
        where, values = _behind(after, by_clock, where, values)
    ordered = f"{CLOCK_SQL}, id" if by_clock else "id DESC"
    # What is asked of the index alone costs no look at the cases that a filter passes over.
    rows = connection.execute(
        f"SELECT {COLUMNS}, {CLOCK_SQL}, id FROM cases WHERE id IN"  # noqa: S608 - literals
        f" (SELECT id FROM cases WHERE {' AND '.join(where)} ORDER BY {ordered} LIMIT :limit)"
        f" ORDER BY {ordered}",
        {**values, "limit": limit + 1},
    ).fetchall()
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = None if last is None else f"{last[-2]}.{last[-1]}"
    return QueuePage([case_of(row[:-2]) for row in rows[:limit]], cursor)


def is_cursor(text: str) -> bool:
    """Say whether a text can be what a page gave."""
    match = _CURSOR.fullmatch(text)
    return match is not None and abs(int(match[1])) <= _LARGEST


def _behind(
    after: str, by_clock: bool, where: list[str], values: dict[str, object]
) -> tuple[list[str], dict[str, object]]:
    if not is_cursor(after):
        raise ValueError("after is what the page before gave, and nothing else")
    due, _, number = after.partition(".")
    told = {"after_due": int(due), "after_id": int(number)}
    by_due = f"{CLOCK_SQL} >= :after_due AND ({CLOCK_SQL}, id) > (:after_due, :after_id)"
    return [*where, by_due if by_clock else "id < :after_id"], {**values, **told}


def _where(filters: Filters, now_us: int) -> tuple[list[str], dict[str, object]]:
    """Give the conditions of some filters, and their values."""
    where = [IS_OPEN_SQL if filters.state is None else "state = :state"]
    values: dict[str, object] = {"state": filters.state, "now": now_us}
    for name in ("service", "severity", "unit", "district"):
        wanted = getattr(filters, name)
        if wanted is not None:
            # The plus: the index of a rare service's cases is no way through the queue.
            where.append(f"{'+' if name == 'service' else ''}{name} = :{name}")
            values[name] = wanted
    if filters.light is not None:
        where.append(_LIGHTS[filters.light])
    if filters.is_unplaced is not None:
        where.append(f"cell IS {'' if filters.is_unplaced else 'NOT '}NULL")
    if filters.text:
        where.append(
            "(number = :number OR instr(device, :text) OR instr(asset, :text) OR instr(street, :text))"
        )
        values |= {"text": filters.text, "number": number_of(filters.text)}
    return where, values


_LIGHTS = {
    Light.GREEN: "warns_at >= :now",
    Light.YELLOW: "warns_at < :now AND due_at >= :now",
    Light.RED: "warns_at IS NOT NULL AND due_at < :now",
    Light.NONE: "warns_at IS NULL",
}
"""A clock that stands, and one without a limit, never warns."""


@dataclass(frozen=True)
class Lights:
    """How many open cases' clocks show what."""

    green: int
    yellow: int
    red: int
    standing: int
    """Without a limit, suspended, or said to be mended."""


def lights(connection: sqlite3.Connection, now_us: int) -> Lights:
    """Count open cases by their light.

    Args:
        connection: reads the desk's tables.
        now_us: now [us].
    """
    counted = ", ".join(f"coalesce(sum({_LIGHTS[light]}), 0)" for light in Light)
    row = connection.execute(
        f"SELECT {counted} FROM cases WHERE {IS_OPEN_SQL}",  # noqa: S608 - literals
        {"now": now_us},
    ).fetchone()
    return Lights(*row)


def unplaced(connection: sqlite3.Connection) -> int:
    """Count open cases whose cell nobody knows: the default desk has them."""
    (cases,) = connection.execute(
        f"SELECT count(*) FROM cases WHERE {IS_OPEN_SQL} AND cell IS NULL"  # noqa: S608 - a literal
    ).fetchone()
    return int(cases)
