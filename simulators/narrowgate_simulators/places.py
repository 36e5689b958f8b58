"""Where the pretend devices stand: roads of a district of Yingtan, with its networks laid along them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from narrowgate_simulators.noise import uniform

DISTRICT = "360602"
"""Yuehu district, the first six digits of its grid cells."""


class Road(NamedTuple):
    """A straight road."""

    name: str
    road_class: str
    from_deg: tuple[float, float]
    """Latitude and longitude of its beginning."""
    to_deg: tuple[float, float]
    """Latitude and longitude of its end."""


ROADS: tuple[Road, ...] = (
    Road("胜利西路", "arterial", (28.2596, 117.0480), (28.2604, 117.0690)),
    Road("梅园大道", "arterial", (28.2420, 117.0620), (28.2410, 117.0850)),
    Road("沿江大道", "arterial", (28.2685, 117.0500), (28.2672, 117.0790)),
    Road("交通路", "secondary", (28.2520, 117.0660), (28.2640, 117.0672)),
    Road("站江路", "secondary", (28.2505, 117.0715), (28.2655, 117.0722)),
    Road("林荫西路", "secondary", (28.2548, 117.0540), (28.2551, 117.0688)),
    Road("环城西路", "branch", (28.2490, 117.0560), (28.2610, 117.0548)),
    Road("杏南路", "branch", (28.2475, 117.0640), (28.2532, 117.0702)),
)


@dataclass(frozen=True)
class Places:
    """Places of one family's devices, (n,) each, evenly along all roads."""

    road: NDArray[np.int64]
    """Index into ROADS."""
    rank: NDArray[np.int64]
    """Count along the road, from 0."""
    lat_deg: NDArray[np.float64]
    lon_deg: NDArray[np.float64]

    @classmethod
    def along(cls, seed: int, family: str, count: int) -> "Places":
        """Spread `count` devices over the roads, each some metres beside the middle."""
        index = np.arange(count, dtype=np.int64)
        road = index * len(ROADS) // max(count, 1)
        first = -(-np.arange(len(ROADS)) * count // len(ROADS))
        rank = index - first[road]
        along = (rank + 0.5) * len(ROADS) / max(count, 1)
        begin = np.array([road.from_deg for road in ROADS])
        end = np.array([road.to_deg for road in ROADS])
        degrees = begin[road] + np.clip(along, 0.0, 1.0)[:, np.newaxis] * (end - begin)[road]
        beside = (uniform(seed, f"{family} beside", index[:, np.newaxis], np.arange(2)) - 0.5) * 0.0004
        degrees = np.round(degrees + beside, 6)
        return cls(road, rank, degrees[:, 0], degrees[:, 1])

    def columns(self, row: int) -> dict[str, str]:
        """Give the registry's columns that follow from the place of one device."""
        road = int(self.road[row])
        return {
            "lat": f"{self.lat_deg[row]:.6f}",
            "lon": f"{self.lon_deg[row]:.6f}",
            "grid": f"{DISTRICT}001{road + 1:03d}{int(self.rank[row]) // 200 % 999 + 1:03d}",
            "street": ROADS[road].name,
            "road_class": ROADS[road].road_class,
            "cell": f"cell-{road + 1:02d}-{int(self.rank[row]) // 200 + 1}",
        }
