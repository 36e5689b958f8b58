"""Plain row-by-row readings of the rules' definitions: slow, without arrays, to hold the engine against.

Each takes the arrivals of all devices in order and gives (device, version, state, raised, cleared, frame),
sorted as the engine sorts its findings.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from rules_rows import HOUR_US, MINUTE_US, SECOND_US, Arrival, Row, Tick

Version = tuple[str, int, str, int, int | None, int]
KEPT_SAMPLES = 32


def sorted_versions(versions: Sequence[tuple[int, Version]]) -> list[Version]:
    """Sort (start, version) pairs as findings are sorted: by frame, device, start and version."""
    return [
        row for _, row in sorted(versions, key=lambda pair: (pair[1][5], pair[1][0], pair[0], pair[1][1]))
    ]


def histories(arrivals: Sequence[Arrival]) -> Iterator[tuple[Row, bool]]:
    """Give the rows, those of one frame sorted by time, each with whether it is late."""
    newest: dict[str, int] = {}
    rows = [arrival for arrival in arrivals if isinstance(arrival, Row)]
    for (_, device), frame in groupby(sorted(rows, key=_place), key=lambda row: (row.frame, row.device)):
        before = newest.get(device)
        for row in frame:
            yield row, before is not None and row.time_us < before
            newest[device] = max(newest.get(device, row.time_us), row.time_us)


def _place(row: Row) -> tuple[int, str, int]:
    return row.frame, row.device, row.time_us


@dataclass
class _Episodes:
    """Raise and clear, once each."""

    device: str
    said: list[tuple[int, Version]]
    raised_us: int | None = None

    def prove(self, raised: bool, at_us: int, frame: int) -> None:
        if raised and self.raised_us is None:
            self.raised_us = at_us
            self.said.append((at_us, (self.device, 1, "raised", at_us, None, frame)))
        elif not raised and self.raised_us is not None:
            self.said.append((self.raised_us, (self.device, 2, "cleared", self.raised_us, at_us, frame)))
            self.raised_us = None


@dataclass
class _Meter:
    """A meter as the definition sees it: all readings of its evidence, and all dry hours among them."""

    episodes: _Episodes
    last: tuple[int, float] | None = None
    readings: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    """(time that counts [us], register steps that count), both from the start of the evidence."""
    dry: list[tuple[int, int]] = field(default_factory=list)
    """(begin, end) of each dry hour [us]."""


def continuous_leak(
    arrivals: Sequence[Arrival], *, q3_m3_per_h: float = 2.5, step_m3: float = 0.001, share_pct: float = 0.5
) -> list[Version]:
    """Say which leaks the definition finds."""
    said: list[tuple[int, Version]] = []
    meters: dict[str, _Meter] = {}
    floor_steps = max(1, int(q3_m3_per_h * share_pct / 100 / step_m3 + 1e-9))
    most_steps = 1.25 * q3_m3_per_h / step_m3
    for row, late in histories(arrivals):
        volume = row.values.get("volume_m3")
        if late or volume is None or volume != volume or volume in (float("inf"), -float("inf")):
            continue
        meter = meters.setdefault(row.device, _Meter(_Episodes(row.device, said)))
        if meter.last is None or row.time_us > meter.last[0]:
            _read(meter, row, volume, step_m3, floor_steps, most_steps)
            meter.last = (row.time_us, volume)
    return sorted_versions(said)


def _read(
    meter: _Meter, row: Row, volume_m3: float, step_m3: float, floor_steps: int, most_steps: float
) -> None:
    if meter.last is None or row.time_us - meter.last[0] > 6 * HOUR_US:
        meter.readings, meter.dry = [(0, 0)], []
        return
    span_us = row.time_us - meter.last[0]
    steps = round((volume_m3 - meter.last[1]) / step_m3)
    if steps < 0 or steps > most_steps * (span_us / HOUR_US) + 1:
        return
    end_us, end_steps = meter.readings[-1][0] + span_us, meter.readings[-1][1] + steps
    meter.readings.append((end_us, end_steps))
    begin = _hour_ago(meter.readings)
    if begin is None:
        return
    begin_us, begin_steps = begin
    if end_steps - begin_steps < max(1, floor_steps * (end_us - begin_us) // HOUR_US):
        meter.dry.append((begin_us, end_us))
        meter.episodes.prove(False, row.time_us, row.frame)
        return
    # Is there a reading at least 24 h ago, with no dry hour between it and this one?
    ago_us = [
        end_us - since_us
        for since_us, _ in meter.readings
        if end_us - since_us >= 24 * HOUR_US
        and not any(since_us <= dry_us and to_us <= end_us for dry_us, to_us in meter.dry)
    ]
    if ago_us:
        meter.episodes.prove(True, row.time_us - (max(ago_us) - 24 * HOUR_US), row.frame)


def _hour_ago(readings: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Give the reading from which to the last one it is an hour, as far as the readings tell."""
    end_us = readings[-1][0]
    if end_us - readings[-2][0] >= 54 * MINUTE_US:
        return readings[-2]
    candidates = []
    for later, earlier in pairwise(reversed(readings)):
        if later[0] - earlier[0] >= 54 * MINUTE_US:
            break
        if end_us - earlier[0] >= 54 * MINUTE_US:
            candidates.append(earlier)
    return min(candidates, key=lambda one: (abs(end_us - one[0] - HOUR_US), -one[0]), default=None)


@dataclass
class _Lamp:
    """A lamp as the rule sees it."""

    episodes: _Episodes
    level_pct: float | None = None
    last_us: int | None = None
    dark: list[int] = field(default_factory=list)


def lamp_out(
    arrivals: Sequence[Arrival],
    *,
    least_w: float,
    level_by_sun_pct: Callable[[int], float | None],
    hold_samples: int = 2,
    hold_us: int = 10 * MINUTE_US,
) -> list[Version]:
    """Say which lamps the definition finds out."""
    said: list[tuple[int, Version]] = []
    lamps: dict[str, _Lamp] = {}
    for row, late in histories(arrivals):
        if late:
            continue
        lamp = lamps.setdefault(row.device, _Lamp(_Episodes(row.device, said)))
        acknowledged = row.values.get("commanded_level_pct")
        lamp.level_pct = lamp.level_pct if acknowledged is None else acknowledged
        level_pct = level_by_sun_pct(row.time_us) if lamp.level_pct is None else lamp.level_pct
        if level_pct is None or (lamp.last_us is not None and row.time_us <= lamp.last_us):
            continue
        power_w, voltage_v = row.values.get("power_w"), row.values.get("voltage_v")
        if level_pct == 0:
            lamp.dark.clear()
        elif power_w is not None and power_w >= least_w:
            lamp.dark.clear()
            lamp.episodes.prove(False, row.time_us, row.frame)
        elif power_w is not None and voltage_v is not None and 176.0 <= voltage_v <= 264.5:
            lamp.dark.append(row.time_us)
            if len(lamp.dark) >= hold_samples and row.time_us - lamp.dark[0] >= hold_us:
                lamp.episodes.prove(True, row.time_us, row.frame)
        else:
            continue
        lamp.last_us = row.time_us
    return sorted_versions(said)


@dataclass
class _Told:
    """What was said of a stay."""

    limit_us: int | None
    departed_us: int | None = None
    version: int = 0
    state: str = ""
    cleared_us: int | None = None
    is_worse: bool = False
    was_worse: bool = False


@dataclass
class _Bay:
    """A bay as the rule sees it: plain lists, thought through anew after every row and every tick."""

    name: str
    samples: list[tuple[int, bool]] = field(default_factory=list)
    base: bool | None = None
    base_since_us: int | None = None
    floor_us: int | None = None
    told: dict[int, _Told] = field(default_factory=dict)

    def runs(self) -> list[tuple[int, bool]]:
        return [
            sample for n, sample in enumerate(self.samples) if n == 0 or self.samples[n - 1][1] != sample[1]
        ]

    def insert(self, time_us: int, occupied: bool, delay_us: int) -> None:
        if self.floor_us is not None and time_us < self.floor_us:
            return
        kept = sorted([sample for sample in self.samples if sample[0] != time_us] + [(time_us, occupied)])
        self.samples = [
            sample
            for n, sample in enumerate(kept)
            if not 0 < n < len(kept) - 1 or not kept[n - 1][1] == sample[1] == kept[n + 1][1]
        ]
        if len(self.samples) > KEPT_SAMPLES:
            (start_us, value), (end_us, _) = self.runs()[:2]
            if self.base is None or end_us - start_us >= delay_us:
                self.base_since_us = (self.base_since_us if self.base else start_us) if value else None
                self.base = value
            self.floor_us = end_us
            self.samples = [sample for sample in self.samples if sample[0] >= end_us]

    def stays(self, as_of_us: int, delay_us: int) -> dict[int, int | None]:
        state, since_us = self.base, self.base_since_us
        found: dict[int, int | None] = {} if since_us is None else {since_us: None}
        runs = self.runs()
        for n, (start_us, value) in enumerate(runs):
            end_us = runs[n + 1][0] if n + 1 < len(runs) else as_of_us
            if end_us - start_us < delay_us and not (n == 0 and self.base is None):
                continue
            if value and not state:
                since_us = start_us
                found[start_us] = None
            elif not value and state and since_us is not None:
                found[since_us] = start_us
            state = value
        return found


class Overstays:
    """Says which stays and overstays the definition finds."""

    def __init__(self, limit_s: float | None, delay_s: float = 30.0) -> None:
        self.worse: set[tuple[str, int, int]] = set()
        """Device, raised [us] and version of what is told as twice the limit."""
        self.limit_us = None if limit_s is None else round(limit_s * SECOND_US)
        self.delay_us = round(delay_s * SECOND_US)
        self.findings: list[tuple[int, Version]] = []
        self.stays: list[tuple[int, str, int, int, int | None]] = []
        self._bays: dict[str, _Bay] = {}
        self._now_us: int | None = None
        self._versions: defaultdict[tuple[str, int], int] = defaultdict(int)

    def hear(self, arrivals: Sequence[Arrival]) -> "Overstays":
        """Take all arrivals; frames with several rows by time."""
        for _, frame in groupby(arrivals, key=lambda arrival: arrival.frame):
            for arrival in sorted(frame, key=lambda one: one.time_us):
                self._take(arrival)
        return self

    def _take(self, arrival: Arrival) -> None:
        if isinstance(arrival, Tick):
            self._now_us = max(arrival.time_us, arrival.time_us if self._now_us is None else self._now_us)
            for bay in self._bays.values():
                self._tell(bay, arrival.frame)
        elif arrival.values.get("occupied") is not None:
            bay = self._bays.setdefault(arrival.device, _Bay(arrival.device))
            bay.insert(arrival.time_us, bool(arrival.values["occupied"]), self.delay_us)
            self._tell(bay, arrival.frame)

    def _tell(self, bay: _Bay, frame: int) -> None:
        newest_us = bay.samples[-1][0]
        as_of_us = newest_us if self._now_us is None else max(newest_us, self._now_us)
        found = bay.stays(as_of_us, self.delay_us)
        for arrived_us in sorted({*found, *bay.told}):
            if arrived_us not in found and bay.floor_us is not None and arrived_us < bay.floor_us:
                del bay.told[arrived_us]
                continue
            limit_us = None if self.limit_us is None else arrived_us + self.limit_us
            told = bay.told.setdefault(arrived_us, _Told(limit_us))
            departed_us = found.get(arrived_us, arrived_us)
            if told.version == 0 or told.departed_us != departed_us:
                told.version += 1
                self.stays.append((frame, bay.name, arrived_us, told.version, departed_us))
            told.departed_us = departed_us
            self._judge(bay, arrived_us, as_of_us, frame)

    def _judge(self, bay: _Bay, arrived_us: int, as_of_us: int, frame: int) -> None:
        told = bay.told[arrived_us]
        if told.limit_us is None:
            return
        twice_us = 2 * told.limit_us - arrived_us
        told.was_worse, told.is_worse = told.is_worse, False
        there = told.departed_us is None
        over = there and as_of_us >= told.limit_us + self.delay_us
        left_late = told.departed_us is not None and told.departed_us > told.limit_us
        left_late = left_late and told.departed_us != arrived_us
        if left_late:
            told.is_worse = told.departed_us is not None and told.departed_us > twice_us
        elif over:
            told.is_worse = as_of_us >= twice_us + self.delay_us
        rises = told.is_worse and not told.was_worse
        if (over and (told.state != "raised" or rises)) or (left_late and told.state == ""):
            self._say(bay, arrived_us, "raised", None, frame)
        if left_late and (told.state != "cleared" or told.cleared_us != told.departed_us):
            self._say(bay, arrived_us, "cleared", told.departed_us, frame)
        elif not over and not left_late and told.state in ("raised", "cleared"):
            self._say(bay, arrived_us, "cleared", told.limit_us, frame)
            told.state = "retracted"

    def _say(self, bay: _Bay, arrived_us: int, state: str, cleared_us: int | None, frame: int) -> None:
        told = bay.told[arrived_us]
        assert told.limit_us is not None
        told.state, told.cleared_us = state, cleared_us
        self._versions[(bay.name, arrived_us)] += 1
        version = self._versions[(bay.name, arrived_us)]
        if told.is_worse:
            self.worse.add((bay.name, told.limit_us, version))
        self.findings.append((arrived_us, (bay.name, version, state, told.limit_us, cleared_us, frame)))
