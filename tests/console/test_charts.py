from datetime import UTC

import pytest

from narrowgate_console.charts import chart_option, complete_hours
from narrowgate_console.series import HOUR_US, Point, Series
from narrowgate_schema.words import Family


def _points(*devices: int) -> tuple[Point, ...]:
    return tuple(Point(hour * HOUR_US, float(hour), count) for hour, count in enumerate(devices))


@pytest.mark.parametrize(
    ("devices", "expected"),
    [((), 0), ((5,), 1), ((10, 10, 9), 3), ((10, 10, 8), 2), ((10, 3, 10, 2, 1), 3), ((1, 10), 2)],
)
def test_last_hours_with_few_devices_are_incomplete(devices: tuple[int, ...], expected: int) -> None:
    """Only hours at the end, with clearly fewer devices than the fullest, are still being reported."""
    assert complete_hours(_points(*devices)) == expected


def test_incomplete_hours_are_a_line_of_their_own() -> None:
    """What is still being reported is drawn apart, joined to the last complete hour."""
    option = chart_option(Series(Family.WATER, "flow", "m3/h", _points(10, 10, 4)), UTC, ("flow", "tail"))

    assert [line["data"] for line in option["series"]] == [[0.0, 1.0, None], [None, 1.0, 2.0]]


def test_hours_without_readings_are_gaps() -> None:
    """An hour without readings is a gap, not a zero and not a bridge."""
    first, _, last = _points(5, 5, 5)
    option = chart_option(Series(Family.PARKING, "share", "%", (first, last)), UTC, ("share", "tail"))

    assert [line["data"] for line in option["series"]] == [[0.0, None, 2.0]]
