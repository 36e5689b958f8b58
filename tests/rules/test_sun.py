"""The sun's elevation against a second implementation of it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astral import Observer
from astral.sun import elevation

from narrowgate_rules.sun import solar_elevation_deg


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
