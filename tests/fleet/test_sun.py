"""Where the sun stands and when it passes, against a second implementation and printed tables."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import pytest
from astral import Observer
from astral.sun import elevation
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_fleet.sun import NEVER_US, SUNRISE_ZENITH_DEG, solar_elevation_deg, sun_passes_us


@pytest.mark.parametrize(
    ("lat", "lon"), [(28.26, 117.07), (0.0, 0.0), (-33.9, 151.2), (59.3, 18.1), (40.7, -74.0), (70.0, 179.9)]
)
def test_elevation(lat: float, lon: float) -> None:
    """The elevation agrees within 0.1 degree through the years, day and night."""
    instants = [datetime(2016, 1, 1, tzinfo=UTC) + timedelta(hours=773 * n) for n in range(200)]
    expected_deg = [elevation(Observer(lat, lon), instant, with_refraction=False) for instant in instants]
    time_us = np.array([round(instant.timestamp() * 1e6) for instant in instants])

    found_deg = solar_elevation_deg(time_us, np.full(200, lat), np.full(200, lon))

    assert np.max(np.abs(found_deg - expected_deg)) < 0.1


def test_unknown_place() -> None:
    """Where the place is unknown, so is the elevation."""
    assert np.isnan(solar_elevation_deg(np.array([0]), np.array([np.nan]), np.array([0.0]))).all()


def test_no_instants() -> None:
    """No instants have no elevations."""
    assert solar_elevation_deg(np.empty(0, np.int64), np.empty(0), np.empty(0)).shape == (0,)


_PUBLISHED = [
    ((2015, 1, 1), None, (8, 6), (16, 1), None),
    ((2015, 12, 1), (7, 4), (7, 43), (15, 55), (16, 34)),
    ((2015, 12, 12), (7, 16), (7, 56), (15, 51), (16, 31)),
    ((2015, 12, 25), (7, 25), (8, 5), (15, 55), (16, 36)),
    ((2019, 8, 29), (4, 32), (5, 8), (18, 54), (19, 30)),
]
"""London, in UTC, as timeanddate.com prints it: civil dawn, sunrise, sunset, civil dusk; to the minute."""


@pytest.mark.parametrize(("day", "dawn", "sunrise", "sunset", "dusk"), _PUBLISHED)
def test_published_times(
    day: tuple[int, int, int],
    dawn: tuple[int, int] | None,
    sunrise: tuple[int, int],
    sunset: tuple[int, int],
    dusk: tuple[int, int] | None,
) -> None:
    """Sunrise, sunset and civil twilight of London are within a minute of the printed ones."""
    noon_us = int(datetime(*day, 12, tzinfo=UTC).timestamp()) * 1_000_000
    place = np.array([51.5]), np.array([-0.1333])
    passes: list[tuple[tuple[int, int] | None, float, Literal["up", "down"]]] = [
        (dawn, 96.0, "up"),
        (sunrise, SUNRISE_ZENITH_DEG, "up"),
        (sunset, SUNRISE_ZENITH_DEG, "down"),
        (dusk, 96.0, "down"),
    ]
    for printed, zenith_deg, way in passes:
        if printed is not None:
            (at_us,) = sun_passes_us(noon_us, *place, zenith_deg, way)
            assert abs(at_us / 60e6 % 1440 - (printed[0] * 60 + printed[1])) <= 1.0


@settings(deadline=None, max_examples=50)
@given(day=st.integers(0, 3650), lat=st.floats(-64, 64), lon=st.floats(-180, 180), zenith=st.floats(85, 100))
def test_the_sun_stands_where_it_passes(day: int, lat: float, lon: float, zenith: float) -> None:
    """When the sun passes an angle its elevation is that angle, in the way's half of the day."""
    noon_us = 1_451_606_400_000_000 + day * 86_400_000_000 + 43_200_000_000 - round(lon * 240e6)
    for way, sign in (("up", -1), ("down", 1)):
        at_us = sun_passes_us(noon_us, np.array([lat]), np.array([lon]), zenith, way)  # type: ignore[arg-type]
        if at_us[0] != NEVER_US:
            height_deg = solar_elevation_deg(at_us, np.array([lat]), np.array([lon]))
            assert height_deg[0] == pytest.approx(90 - zenith, abs=0.02)
            assert 0 < sign * (at_us[0] - noon_us) + 1_200_000_000 < 44_400_000_000 + 1_200_000_000


@pytest.mark.parametrize(("lat", "month"), [(78.2, 6), (78.2, 12), (float("nan"), 6)])
def test_a_sun_that_does_not_set(lat: float, month: int) -> None:
    """Where the sun stays up, or down, or the place is unknown, it passes no horizon."""
    noon_us = int(datetime(2026, month, 21, 12, tzinfo=UTC).timestamp()) * 1_000_000
    passes = sun_passes_us(noon_us, np.array([lat]), np.array([15.6]), SUNRISE_ZENITH_DEG, "down")

    assert passes.tolist() == [NEVER_US]
