"""Lamps and their controllers: lit from dusk to dawn by the sun at their place, and lamps that stay dark.

A Huati controller reports every ten to fifteen minutes, day and night; it has no clock.
"""

from collections.abc import Callable, Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import encode
from narrowgate_fleet.sun import solar_elevation_deg
from narrowgate_simulators.emission import Emission
from narrowgate_simulators.lamp_faults import DAY_BURNER, LAMP_OUT, SUPPLY_LOSS, lamp_faults
from narrowgate_simulators.nights import LIT_BELOW_DEG, Nights
from narrowgate_simulators.noise import chance, uniform
from narrowgate_simulators.places import Places
from narrowgate_simulators.span import HOUR_US, SECOND_US, Span

PROFILE = "huati_nb_v1"
INTERVALS_S = (600, 720, 900)
_RATED_W = {"arterial": 150.0, "secondary": 100.0, "branch": 60.0}
_LAMPS_A_FEEDER, _LAMPS_A_CABINET = 20, 60


class StreetLamps:
    """All lamps of a city as arrays (n,)."""

    family = "lighting"

    def __init__(
        self,
        seed: int,
        span: Span,
        count: int,
        path: Callable[[str], str],
        more_faults: Collection[str] = (),
    ) -> None:
        self._seed, self._span, self._path = seed, span, path
        index = np.arange(count, dtype=np.int64)
        self.devices = [f"lamp-{row:06d}" for row in range(count)]
        self._places = Places.along(seed, self.family, count)
        self._nights = Nights(span)
        kinds = (uniform(seed, "interval", index) * len(INTERVALS_S)).astype(np.int64)
        self._every_us = np.array(INTERVALS_S, dtype=np.int64)[kinds] * SECOND_US
        phase_s = (uniform(seed, "phase", index) * self._every_us / SECOND_US).astype(np.int64)
        self._first_us = span.start_us + (1 + phase_s) * SECOND_US
        self.truth = lamp_faults(seed, span, self._nights, self.devices, self._every_us, more_faults)
        self._fault_of = {fault.device: fault for fault in self.truth}

    def rated_w(self, lamp: int) -> float:
        """Give a lamp's power at full level [W]."""
        return _RATED_W[self._places.columns(lamp)["road_class"]]

    def emissions(self, after_us: int, until_us: int) -> Iterator[Emission]:
        """Give what the controllers send in (after, until] [us], in no special order."""
        passed = np.maximum((after_us - self._first_us) // self._every_us + 1, 0)
        coming = np.maximum((until_us - self._first_us) // self._every_us + 1, 0)
        lamps = np.repeat(np.arange(len(self.devices)), coming - passed)
        first = np.cumsum(coming - passed) - (coming - passed)
        reports = passed[lamps] + np.arange(len(lamps)) - first[lamps]
        times_us = self._first_us[lamps] + reports * self._every_us[lamps]
        height_deg = solar_elevation_deg(times_us, self._places.lat_deg[lamps], self._places.lon_deg[lamps])
        lit = (height_deg < LIT_BELOW_DEG).tolist()
        dice = uniform(
            self._seed, "lamp", lamps[:, np.newaxis], reports[:, np.newaxis], np.arange(4)
        ).tolist()
        for row in zip(lamps.tolist(), reports.tolist(), times_us.tolist(), lit, dice, strict=True):
            yield self._emission(*row)

    def _emission(self, lamp: int, report: int, time_us: int, is_lit: bool, dice: list[float]) -> Emission:
        device = self.devices[lamp]
        fault = self._fault_at(device, time_us)
        burns = fault == DAY_BURNER or (is_lit and fault is None)
        voltage_v = 0.0 if fault == SUPPLY_LOSS else 220.0 + 15.0 * dice[0]
        power_factor = 0.95 + 0.04 * dice[1] if burns else 0.5
        power_w = self.rated_w(lamp) * (0.96 + 0.06 * dice[2]) if burns else 0.0
        values = {
            "power_w": round(power_w, 1),
            "voltage_v": round(voltage_v, 1),
            "current_a": round(power_w / voltage_v / power_factor, 2) if burns else 0.0,
            "power_factor": round(power_factor, 2),
            "energy_kwh": round(self._energy_kwh(lamp, time_us), 1),
            "signal": 8 + int(20 * dice[3]),
        }
        payload = encode(PROFILE, "report", values)
        return Emission(device, self._path(device), payload, report + 1, None, time_us)

    def _fault_at(self, device: str, time_us: int) -> str | None:
        fault = self._fault_of.get(device)
        return fault.fault if fault is not None and fault.holds_at(time_us) else None

    def _energy_kwh(self, lamp: int, time_us: int) -> float:
        burnt_h = self._nights.burnt_h(time_us)
        fault = self._fault_of.get(self.devices[lamp])
        if fault is not None and fault.at_us < time_us:
            mended_us = time_us if fault.until_us is None else min(time_us, fault.until_us)
            if fault.fault in (LAMP_OUT, SUPPLY_LOSS):
                burnt_h -= self._nights.burnt_h(mended_us) - self._nights.burnt_h(fault.at_us)
            else:
                burnt_h += (mended_us - fault.at_us) / HOUR_US
        start_kwh = 500.0 + 8000.0 * chance(self._seed, "energy", lamp)
        return start_kwh + 0.99 * self.rated_w(lamp) * burnt_h / 1000.0

    def report_every_us(self, row: int) -> int:
        """Give how often a lamp reports [us]."""
        return int(self._every_us[row])

    def last_words_us(self, row: int) -> NDArray[np.int64]:
        """Give all reports of one lamp, (n,) [us]."""
        return np.arange(self._first_us[row], self._span.end_us + 1, self._every_us[row], dtype=np.int64)

    def rows(self) -> Iterator[dict[str, str]]:
        """Give the registry's rows of the lamps."""
        for lamp, device in enumerate(self.devices):
            road, rank = int(self._places.road[lamp]) + 1, int(self._places.rank[lamp])
            yield {
                "device": device,
                "profile": PROFILE,
                "asset": f"pole-{lamp:06d}",
                "role": "lamp",
                "zone": f"road-{road}",
                "feeder": f"feeder-{road}-{rank // _LAMPS_A_FEEDER + 1}",
                "cabinet": f"cabinet-{road}-{rank // _LAMPS_A_CABINET + 1}",
                "rated_w": f"{self.rated_w(lamp):g}",
                "report_interval_s": str(int(self._every_us[lamp]) // SECOND_US),
                **self._places.columns(lamp),
            }
