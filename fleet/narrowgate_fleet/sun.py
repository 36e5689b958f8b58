"""Where the sun stands over many places at once, and when it passes an angle.

The low-precision solar position of NOAA's calculator: mean elements, equation of the centre, equation of
time. Geometric elevation of the centre, no refraction; within 0.1 degree between 1950 and 2100. Sunrise and
sunset are the passing of 90.833 degrees from the zenith, for refraction and half the disc.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]

SUNRISE_ZENITH_DEG = 90.833
NEVER_US = np.iinfo(np.int64).min
"""The sun does not pass the angle on that day."""

_J2000_US = 946_728_000_000_000
_CENTURY_US = 36_525 * 86_400_000_000
_DAY_US = 86_400_000_000
_ROUNDS = 3
"""The declination of the instant itself: after three rounds it moves by less than a second."""


def solar_elevation_deg(time_us: Instants, lat_deg: Floats, lon_deg: Floats) -> Floats:
    """Give the elevation of the sun's centre over the horizon.

    Args:
        time_us: (n,) instants in UTC [us].
        lat_deg: (n,) latitude, north positive [deg]; NaN = unknown.
        lon_deg: (n,) longitude, east positive [deg]; NaN = unknown.

    Returns:
        (n,) elevation [deg]; NaN where the place is unknown.
    """
    century = (time_us - _J2000_US) / _CENTURY_US
    declination, equation_min = _position(century)
    clock_min = (time_us % _DAY_US) / 60e6
    hour_angle = np.radians((clock_min + equation_min + 4.0 * lon_deg) / 4.0 - 180.0)
    lat = np.radians(lat_deg)
    height = np.sin(lat) * np.sin(declination) + np.cos(lat) * np.cos(declination) * np.cos(hour_angle)
    elevation_deg: Floats = np.degrees(np.arcsin(np.clip(height, -1.0, 1.0)))
    return elevation_deg


def sun_passes_us(
    noon_us: int, lat_deg: Floats, lon_deg: Floats, zenith_deg: float, way: Literal["up", "down"]
) -> Instants:
    """Give when the sun passes an angle on a day.

    Args:
        noon_us: noon by the places' clocks, which says the day [us].
        lat_deg: (n,) latitude, north positive [deg].
        lon_deg: (n,) longitude, east positive [deg].
        zenith_deg: the angle from the zenith; 90.833 is sunrise and sunset [deg].
        way: "up" in the morning, "down" in the evening.

    Returns:
        (n,) instants in UTC [us]; NEVER_US where the sun stays on one side, or the place is unknown.
    """
    lat, sign = np.radians(lat_deg), -1.0 if way == "up" else 1.0
    transit_us = _transit_us(noon_us, lon_deg)
    at_us, angle_deg = transit_us, np.zeros_like(lat)
    for _ in range(_ROUNDS):
        declination, equation_min = _position((at_us - _J2000_US) / _CENTURY_US)
        cosine = np.cos(np.radians(zenith_deg)) - np.sin(lat) * np.sin(declination)
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = cosine / (np.cos(lat) * np.cos(declination))
        angle_deg = np.degrees(np.arccos(np.where(np.abs(cosine) <= 1.0, cosine, np.nan)))
        at_us = transit_us - 60e6 * equation_min + sign * angle_deg * 240e6
    return np.where(np.isnan(at_us), float(NEVER_US), np.round(at_us)).astype(np.int64)


def sun_highest_us(noon_us: int, lon_deg: Floats) -> Floats:
    """Give when the sun stands highest, nearest to a noon [us]; half a day later it stands lowest.

    Args:
        noon_us: noon by the places' clocks [us].
        lon_deg: (n,) longitude, east positive [deg]; NaN = unknown.
    """
    transit_us = _transit_us(noon_us, lon_deg)
    _, equation_min = _position((transit_us - _J2000_US) / _CENTURY_US)
    return np.asarray(transit_us - 60e6 * equation_min)


def _transit_us(noon_us: int, lon_deg: Floats) -> Floats:
    """Give the mean sun's highest stand nearest to a noon [us]."""
    mean_us = _DAY_US // 2 - lon_deg * 240e6
    return np.asarray(mean_us + np.round((noon_us - mean_us) / _DAY_US) * _DAY_US)


def _position(century: Floats) -> tuple[Floats, Floats]:
    """Give the declination [rad] and the equation of time [min] for Julian centuries since J2000."""
    mean_longitude = np.radians(280.46646 + century * (36000.76983 + century * 0.0003032))
    anomaly = np.radians(357.52911 + century * (35999.05029 - century * 0.0001537))
    eccentricity = 0.016708634 - century * (0.000042037 + century * 0.0000001267)
    centre = np.radians(
        np.sin(anomaly) * (1.914602 - century * (0.004817 + century * 0.000014))
        + np.sin(2.0 * anomaly) * (0.019993 - century * 0.000101)
        + np.sin(3.0 * anomaly) * 0.000289
    )
    node = np.radians(125.04 - 1934.136 * century)
    apparent = mean_longitude + centre - np.radians(0.00569 + 0.00478 * np.sin(node))
    obliquity = np.radians(23.439291 - 0.0130042 * century + 0.00256 * np.cos(node))
    declination = np.arcsin(np.sin(obliquity) * np.sin(apparent))
    tilt = np.tan(obliquity / 2.0) ** 2
    equation = (
        tilt * np.sin(2.0 * mean_longitude)
        - 2.0 * eccentricity * np.sin(anomaly)
        + 4.0 * eccentricity * tilt * np.sin(anomaly) * np.cos(2.0 * mean_longitude)
        - 0.5 * tilt**2 * np.sin(4.0 * mean_longitude)
        - 1.25 * eccentricity**2 * np.sin(2.0 * anomaly)
    )
    return declination, 4.0 * np.degrees(equation)
