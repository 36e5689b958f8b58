from datetime import UTC, datetime

import pytest

from console_stand import HOUR_US, NOW_US, Stand
from narrowgate_console.hourly import hourly
from narrowgate_console.telemetry import Telemetry
from narrowgate_schema.words import Family

START_US = int(datetime(2026, 3, 14, 20, tzinfo=UTC).timestamp()) * 1_000_000
"""A whole hour, 1 h 40 min before the stand's now."""


_PLAIN: dict[Family, tuple[str, object]] = {
    Family.WATER: ("volume_m3", 1.0),
    Family.PARKING: ("occupied", True),
    Family.LIGHTING: ("power_w", 1.0),
}


def _values(stand: Stand, family: Family, hours: int = 6) -> list[tuple[int, object, int]]:
    points = hourly(Telemetry(stand), family, NOW_US, hours).points
    return [((p.hour_us - START_US) // HOUR_US, pytest.approx(p.value), p.devices) for p in points]


def _register(device: str, minutes: int, volume_m3: float | None, series: str = "") -> dict[str, object]:
    at_us = START_US + minutes * 60_000_000
    return {"device": device, "series": series, "time": at_us, "volume_m3": volume_m3}


def _bay(device: str, minutes: int, *, occupied: bool | None) -> dict[str, object]:
    return {"device": device, "time": START_US + minutes * 60_000_000, "occupied": occupied}


@pytest.mark.parametrize("family", list(Family))
def test_no_readings_give_no_points(stand: Stand, family: Family) -> None:
    """A family without readings has an empty chart."""
    assert hourly(Telemetry(stand), family, NOW_US, 24).points == ()


def test_flow_is_what_the_registers_moved(stand: Stand) -> None:
    """Two meters' register steps over one hour add up to the city's flow."""
    stand.add(Family.WATER, [_register("a", 0, 10.0), _register("a", 60, 10.5)])
    stand.add(Family.WATER, [_register("b", 0, 7.0), _register("b", 60, 7.25)])

    assert _values(stand, Family.WATER) == [(0, 0.75, 2)]


def test_flow_is_laid_over_the_hours_between_two_readings(stand: Stand) -> None:
    """A step over three hours is a third of it in each."""
    stand.add(Family.WATER, [_register("a", -120, 1.0), _register("a", 60, 2.5)])

    assert _values(stand, Family.WATER) == [(-2, 0.5, 1), (-1, 0.5, 1), (0, 0.5, 1)]


def test_flow_of_a_part_of_an_hour_is_the_mean_of_that_part(stand: Stand) -> None:
    """The hour in progress shows the flow so far, not less because it is short."""
    stand.add(Family.WATER, [_register("a", 60, 1.0), _register("a", 75, 1.25)])

    assert _values(stand, Family.WATER) == [(1, 1.0, 1)]


def test_registers_of_one_device_are_kept_apart(stand: Stand) -> None:
    """The registers of one device are not subtracted from each other."""
    stand.add(Family.WATER, [_register("a", 0, 1.0, "1"), _register("a", 30, 900.0, "2")])
    stand.add(Family.WATER, [_register("a", 60, 2.0, "1")])

    assert _values(stand, Family.WATER) == [(0, 1.0, 1)]


@pytest.mark.parametrize("after", [None, 3.0], ids=["null", "restarted"])
def test_what_is_no_step_is_no_flow(stand: Stand, after: float | None) -> None:
    """A register that is null or has gone back says nothing about flow."""
    stand.add(Family.WATER, [_register("a", 0, 10.0), _register("a", 60, after)])

    assert _values(stand, Family.WATER) == []


def test_a_hole_of_days_is_no_flow(stand: Stand) -> None:
    """What flowed in a hole of more than a day is laid on no hour."""
    stand.add(Family.WATER, [_register("a", -27 * 60, 1.0), _register("a", 0, 100.0)])

    assert _values(stand, Family.WATER, 48) == []


def test_occupancy_is_a_share_of_time(stand: Stand) -> None:
    """A bay that is taken for a quarter of an hour counts a quarter, however often it says so."""
    stand.add(Family.PARKING, [_bay("a", 0, occupied=True), _bay("a", 5, occupied=True)])
    stand.add(Family.PARKING, [_bay("a", 10, occupied=True), _bay("a", 15, occupied=False)])

    assert _values(stand, Family.PARKING)[0] == (0, 25.0, 1)


def test_a_bay_keeps_its_state_until_now(stand: Stand) -> None:
    """A bay that was taken before the hours shown and said nothing since is still taken."""
    stand.add(Family.PARKING, [_bay("a", -300, occupied=True), _bay("b", 60, occupied=False)])

    assert _values(stand, Family.PARKING, 2) == [(0, 100.0, 1), (1, 50.0, 2)]


def test_a_bay_that_fell_silent_drops_out(stand: Stand) -> None:
    """A state older than a day and a bit is no longer counted as known."""
    stand.add(Family.PARKING, [_bay("a", -26 * 60, occupied=True)])

    assert _values(stand, Family.PARKING, 3) == [(-1, 100.0, 1)]


def test_occupancy_that_is_null_is_passed_over(stand: Stand) -> None:
    """A reading that does not say whether the bay is taken changes nothing."""
    stand.add(Family.PARKING, [_bay("a", 0, occupied=True), _bay("a", 30, occupied=None)])

    assert _values(stand, Family.PARKING) == [(0, 100.0, 1), (1, 100.0, 1)]


def test_power_is_the_sum_of_the_lamps_means(stand: Stand) -> None:
    """Each lamp counts with its mean of the hour, however many samples it sent."""
    samples = [("a", 10, 100.0), ("a", 20, 50.0), ("b", 10, 125.0), ("c", 10, None)]
    rows = [
        {"device": lamp, "time": START_US + minutes * 60_000_000, "power_w": power_w}
        for lamp, minutes, power_w in samples
    ]
    stand.add(Family.LIGHTING, rows)

    assert _values(stand, Family.LIGHTING) == [(0, 0.2, 2)]


@pytest.mark.parametrize("family", list(Family))
def test_readings_of_the_future_are_not_shown(stand: Stand, family: Family) -> None:
    """Readings beyond event time's now are kept off the chart."""
    name, value = _PLAIN[family]
    stand.add(family, [{"device": "a", "time": NOW_US + h * HOUR_US, name: value} for h in (1, 2)])

    assert hourly(Telemetry(stand), family, NOW_US, 24).points == ()


@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize("hours", [1, 24, 48])
def test_no_more_hours_are_shown_than_asked_for(filled: Stand, family: Family, hours: int) -> None:
    """The chart holds the asked hours at most, each once and in order."""
    found = [point.hour_us for point in hourly(Telemetry(filled), family, NOW_US, hours).points]

    assert found == sorted(set(found))
    assert all(NOW_US - hours * HOUR_US < hour_us <= NOW_US for hour_us in found)
