"""The NB-IoT link of pretend devices as pure functions of seed, device and count.

Rule 1: no socket, no clock, no state: what the radio does to an uplink is known before it is sent.
Counts are the device's own, from 1. `Radio()` is a city's ordinary day; `CALM` does nothing at all.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from narrowgate_simulators.noise import chance
from narrowgate_simulators.radio_levels import LEVELS, Coverage


class RadioFacts(NamedTuple):
    """What a radio module says of one uplink."""

    rsrp_dbm: float
    sinr_db: float
    ecl: int
    """Coverage enhancement level, 0 to 2."""
    cell_id: int
    repetitions: int
    """Uplink repetitions."""
    counter: int
    """The device's own count since it last booted."""


class Flight(NamedTuple):
    """One uplink's way through the network."""

    delay_s: float | None
    """From the device's intention to the gateway, its own repeats included [s]; None = it never arrives."""
    again_s: float | None
    """The same for its second arrival; None = there is none."""
    transmissions: int


@dataclass(frozen=True)
class Radio:
    """What the network of a city is like."""

    seed: int = 1
    coverage_shares: tuple[float, float, float] = (0.82, 0.13, 0.05)
    """Shares of devices at levels 0, 1 and 2."""
    levels: tuple[Coverage, Coverage, Coverage] = LEVELS
    cells: int = 24
    retransmit_s: float = 8.0
    """A device repeats a lost transmission after this long, then after twice as long, and so on [s]."""
    max_retransmit: int = 4
    twice_share: float = 0.01
    """Share of uplinks that arrive twice."""
    late_share: float = 0.005
    """Share of uplinks that a device keeps back, as it found no network."""
    late_s: float = 3 * 3600.0
    """Longest time an uplink is kept back [s]."""
    reordered_share: float = 0.005
    """Share of uplinks that arrive after their device's next one."""
    rebound_every: int | None = 3
    """Uplinks, on average, after which NAT gives a device another source port; None = never."""
    rebooted_every: int | None = 2000
    """Uplinks, on average, after which a device boots anew and counts from 1; None = never."""
    drift_ppm: float = 20.0
    """Standard deviation of the devices' clock rates [ppm]."""
    active_s: float | None = 16.0
    """T3324: how long a device listens after an uplink before it sleeps (PSM) [s]; None = it never sleeps."""
    edrx_cycle_s: float | None = None
    """How often a sleeping device listens (eDRX) [s]; None = not before its next uplink."""
    edrx_window_s: float = 2.56
    """How long it listens then [s]."""

    def __post_init__(self) -> None:
        """Check the bounds."""
        if min(self.coverage_shares) < 0 or abs(sum(self.coverage_shares) - 1.0) > 1e-9:
            raise ValueError(f"coverage_shares: {self.coverage_shares} do not make 1")
        for name in ("twice_share", "late_share", "reordered_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)} is not from 0 to 1")
        for name in ("retransmit_s", "late_s", "drift_ppm", "active_s", "edrx_cycle_s", "edrx_window_s"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 366 * 86_400:
                raise ValueError(f"{name}: {value} is not from 0 to {366 * 86_400}")
        for name, least in (("cells", 1), ("rebound_every", 1), ("rebooted_every", 1), ("max_retransmit", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name}: {value} is less than {least}")

    def level(self, device: str) -> int:
        """Give the coverage level at which a device stands, 0 to 2."""
        draw, (first, second, _) = self._chance("level", device), self.coverage_shares
        return (draw >= first) + (draw >= first + second)

    def facts(self, device: str, count: int) -> RadioFacts:
        """Give what a device's module says of one uplink."""
        level = self.level(device)
        coverage = self.levels[level]
        return RadioFacts(
            round(self._between("rsrp", coverage.rsrp_dbm, device, count), 1),
            round(self._between("sinr", coverage.sinr_db, device, count), 1),
            level,
            1 + int(self._chance("cell", device) * self.cells),
            self._repetitions(coverage, device, count),
            self.counter(device, count),
        )

    def _repetitions(self, coverage: Coverage, device: str, count: int) -> int:
        least, most = (number.bit_length() - 1 for number in coverage.repetitions)
        return 1 << least + int(self._chance("repetitions", device, count) * (most - least + 1))

    def flight(self, device: str, count: int) -> Flight:
        """Give how one uplink comes through."""
        coverage = self.levels[self.level(device)]
        delay_s, transmissions = 0.0, 1
        while self._chance("lost", device, count, transmissions) < coverage.lost_share:
            if transmissions > self.max_retransmit:
                return Flight(None, None, transmissions)
            delay_s += self.retransmit_s * 2.0 ** (transmissions - 1)
            transmissions += 1
        if self._chance("late", device, count) < self.late_share:
            delay_s += self.late_s * self._chance("kept", device, count)
        delay_s += self._between("latency", coverage.latency_s, device, count)
        again_s = None
        if self._chance("twice", device, count) < self.twice_share:
            again_s = delay_s + self._between("again", coverage.latency_s, device, count)
        return Flight(delay_s, again_s, transmissions)

    def arrivals_s(self, device: str, *transmission: object) -> tuple[float, ...]:
        """Give after how long one transmission arrives, each time it does [s]; () = it is lost.

        Args:
            device: at whose level it travels.
            transmission: tells it from the device's others.
        """
        coverage = self.levels[self.level(device)]
        if self._chance("sent", device, *transmission) < coverage.lost_share:
            return ()
        low, high = coverage.latency_s
        span_s = high - low
        first_s = low + span_s * self._chance("way", device, *transmission)
        if self._chance("sent twice", device, *transmission) >= self.twice_share:
            return (first_s,)
        return first_s, first_s + low + span_s * self._chance("way again", device, *transmission)

    def is_overtaken(self, device: str, count: int) -> bool:
        """Tell whether an uplink arrives only after its device's next one."""
        return self._chance("overtaken", device, count) < self.reordered_share

    def binding(self, device: str, count: int) -> int:
        """Give how often a device's source port has changed before an uplink."""
        return self._turns("rebound", self.rebound_every, device, count)[0]

    def boots(self, device: str, count: int) -> int:
        """Give how often a device has booted anew before an uplink."""
        return self._turns("rebooted", self.rebooted_every, device, count)[0]

    def counter(self, device: str, count: int) -> int:
        """Give what a device's own counter says of an uplink: it begins again at 1 with each boot."""
        return self._turns("rebooted", self.rebooted_every, device, count)[1]

    def _turns(self, purpose: str, every: int | None, device: str, count: int) -> tuple[int, int]:
        """Give how many turns of about `every` uplinks have ended before one, and its place in its turn."""
        if every is None:
            return 0, count
        length = max(1, round(every * (0.5 + self._chance(purpose, device))))
        begun = int(self._chance(purpose, "begun", device) * length)
        turns, place = divmod(count - 1 + begun, length)
        return turns, place + 1 if turns else count

    def clock_error_us(self, device: str, running_us: int) -> int:
        """Give how far a device's clock is ahead after running unset for some time [us]."""
        ppm = (2.0 * self._chance("drift", device) - 1.0) * math.sqrt(3.0) * self.drift_ppm
        return round(running_us * ppm / 1e6)

    def is_reachable(self, since_uplink_s: float) -> bool:
        """Tell whether a device hears a downlink so long after its last uplink [s]."""
        return self.reachable_in_s(since_uplink_s) == 0.0

    def reachable_in_s(self, since_uplink_s: float) -> float | None:
        """Give how long a downlink must wait, so long after an uplink [s]; None = for the next uplink."""
        if self.active_s is None or since_uplink_s < self.active_s:
            return 0.0
        if not self.edrx_cycle_s:
            return None
        asleep_s = (since_uplink_s - self.active_s) % self.edrx_cycle_s
        wakes_s = self.edrx_cycle_s - self.edrx_window_s
        return max(0.0, wakes_s - asleep_s)

    def _chance(self, *words: object) -> float:
        return chance(self.seed, "radio", *words)

    def _between(self, purpose: str, limits: tuple[float, float], device: str, count: int) -> float:
        low, high = limits
        return low + (high - low) * self._chance(purpose, device, count)


_STILL = Coverage((-80.0, -80.0), (15.0, 15.0), (0.0, 0.0), (1, 1), 0.0)
CALM = Radio(
    coverage_shares=(1.0, 0.0, 0.0),
    levels=(_STILL, _STILL, _STILL),
    twice_share=0.0,
    late_share=0.0,
    reordered_share=0.0,
    rebound_every=None,
    rebooted_every=None,
    drift_ppm=0.0,
)
"""Everything arrives at once, once, in order."""
RADIOS = {
    "city": Radio(),
    "basement": Radio(
        coverage_shares=(0.1, 0.3, 0.6), late_share=0.05, twice_share=0.03, reordered_share=0.02
    ),
}
"""The radios that a name stands for."""
