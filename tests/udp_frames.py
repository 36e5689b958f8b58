"""Bare frames as water meters send them."""

from datetime import datetime

from narrowgate_codecs import encode

METER = "12345678901234"


def frame(address: str = METER, volume_m3: float = 1.0) -> bytes:
    """Give a water meter's report, dated by the meter's clock."""
    said = {
        "address": address,
        "volume_m3": volume_m3,
        "settlement_volume_m3": 0.0,
        "clock": datetime(2026, 5, 1, 12, 0, 0),  # noqa: DTZ001 - a meter's clock has no zone
        "valve": "open",
        "battery_low": False,
    }
    return encode("cjt188_water_v2004", "current_data", said)
