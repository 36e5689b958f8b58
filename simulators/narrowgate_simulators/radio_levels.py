"""NB-IoT's three coverage enhancement levels, with what a device at each of them meets.

Thresholds, latencies and repetitions are of the order that operators' settings and field trials publish:
level 0 within 144 dB of coupling loss, level 1 within 154 dB, level 2 within 164 dB.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Coverage:
    """What one coverage level means for a device."""

    rsrp_dbm: tuple[float, float]
    """Range of the reference signal's power [dBm]."""
    sinr_db: tuple[float, float]
    """Range of signal to interference and noise [dB]."""
    latency_s: tuple[float, float]
    """Range of one transmission's way to the gateway, repetitions included [s]."""
    repetitions: tuple[int, int]
    """Least and most uplink repetitions, powers of two."""
    lost_share: float
    """Share of transmissions that never arrive."""

    def __post_init__(self) -> None:
        """Check the bounds."""
        for name in ("rsrp_dbm", "sinr_db", "latency_s", "repetitions"):
            low, high = getattr(self, name)
            if not low <= high:
                raise ValueError(f"{name}: {low} is more than {high}")
        if self.latency_s[0] < 0:
            raise ValueError(f"latency_s: {self.latency_s[0]} is negative")
        if not self.repetitions[0] >= 1 or self.repetitions[1] > 128:
            raise ValueError(f"repetitions: {self.repetitions} are not from 1 to 128")
        if not 0 <= self.lost_share <= 1:
            raise ValueError(f"lost_share: {self.lost_share} is not from 0 to 1")


LEVELS = (
    Coverage((-105.0, -75.0), (5.0, 20.0), (0.3, 2.0), (1, 2), 0.01),
    Coverage((-115.0, -105.0), (-3.0, 5.0), (1.0, 6.0), (4, 16), 0.04),
    Coverage((-128.0, -115.0), (-12.0, -3.0), (4.0, 12.0), (32, 128), 0.12),
)
"""Levels 0, 1 and 2."""
