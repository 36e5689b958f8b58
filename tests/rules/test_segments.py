"""Segment operations against what a loop gives."""

from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_rules.limits import week_minute
from narrowgate_rules.segments import first_rows, hops, last_known, last_rows, running_max, shifted

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(-100, 100)), max_size=40).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)


@given(ROWS)
def test_running_max(rows: list[tuple[int, int]]) -> None:
    """The running maximum begins anew with each group."""
    group, values = np.array([row[0] for row in rows], np.intp), np.array([row[1] for row in rows], np.int64)
    expected = [max(value for g, value in rows[: n + 1] if g == rows[n][0]) for n in range(len(rows))]

    assert expected == running_max(values, group).tolist()


@given(st.lists(st.integers(1, 9), max_size=40), st.sets(st.integers(0, 39)))
def test_hops(lengths: list[int], starts: set[int]) -> None:
    """Jumping from the starts meets the rows that a loop meets."""
    size = len(lengths)
    met = {start for start in starts if start < size}
    for row in range(size):
        if row in met and row + lengths[row] < size:
            met.add(row + lengths[row])
    target = np.array([min(row + length, size) for row, length in enumerate(lengths)], np.intp)

    assert sorted(met) == hops(target, np.array([min(s, size) for s in starts], np.intp)).tolist()


def test_edges_of_groups() -> None:
    """First and last rows are those where the group changes."""
    group = np.array([0, 0, 2, 5, 5])

    assert (
        np.flatnonzero(first_rows(group)).tolist(),
        np.flatnonzero(last_rows(group)).tolist(),
    ) == ([0, 2, 3], [1, 2, 4])


def test_shifted() -> None:
    """The row before a group's first row is the group's initial value."""
    first = np.array([True, False, True])

    assert shifted(np.array([1, 2, 3]), first, np.array([7, 8])).tolist() == [7, 1, 8]


def test_last_known() -> None:
    """What is known is carried on in its group, never into the next one."""
    values = np.array([np.nan, 5.0, np.nan, np.nan, np.nan])

    found = last_known(values, np.array([0, 0, 0, 1, 2]), np.array([1.0, 2.0, np.nan]))

    np.testing.assert_array_equal([1.0, 5.0, 5.0, 2.0, np.nan], found)


def test_week_minute() -> None:
    """Minutes of the week run from Monday 00:00 local time, daylight saving included."""
    # 2026-03-29 00:59 and 01:00 UTC: in Berlin 01:59 and 03:00 on a Sunday.
    instants = np.array([1_774_745_940_000_000, 1_774_746_000_000_000])

    assert week_minute(instants, ZoneInfo("Europe/Berlin")).tolist() == [6 * 1440 + 119, 6 * 1440 + 180]
