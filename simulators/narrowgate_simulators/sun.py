"""Where the sun stands, for lamps that burn from dusk to dawn.

Low-precision solar coordinates of the Astronomical Almanac (page C5): good to about 0.02 degrees until 2050,
refraction left out as civil twilight is defined without it.
"""

import numpy as np
from numpy.typing import NDArray

_J2000_US = 946_728_000_000_000
_DAY_US = 86_400_000_000


def elevation_deg(
    times_us: NDArray[np.int64], lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the height of the sun's centre above the horizon.

    Args:
        times_us: Unix time [us].
        lat_deg: latitude, north positive [deg]; broadcasts with `times_us`.
        lon_deg: longitude, east positive [deg]; broadcasts with `times_us`.

    Returns:
        Elevation [deg] in the broadcast shape; negative below the horizon.
    """
    days = (np.asarray(times_us) - _J2000_US) / _DAY_US
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 0.0000004 * days)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    sidereal = np.radians((18.697374558 + 24.06570982441908 * days) % 24 * 15 + np.asarray(lon_deg))
    latitude = np.radians(lat_deg)
    sine = np.sin(latitude) * np.sin(declination)
    sine = sine + np.cos(latitude) * np.cos(declination) * np.cos(sidereal - right_ascension)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))
