"""The rules of a district's inlet as their definitions read, sample by sample; and arrivals for them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, Arrival, Row
from rules_twin import Version, histories, sorted_versions

FARTHEST_US = 90 * MINUTE_US


@dataclass(frozen=True)
class Hour:
    """An hour that is over."""

    number: int
    mean: float
    frame: int

    @property
    def end_us(self) -> int:
        """Give its end [us]."""
        return (self.number + 1) * HOUR_US


def hours_of(rows: Sequence[Row]) -> Iterator[Hour]:
    """Give the hours that samples of one meter bring to their end."""
    register: tuple[int, float] | None = None
    number, samples = -1, list[int]()
    for row in rows:
        flow, volume = row.values.get("flow_m3_per_h"), row.values.get("volume_m3")
        if volume is not None:
            if flow is None and register is not None:
                passed_us, risen = row.time_us - register[0], volume - register[1]
                if 0 < passed_us <= FARTHEST_US and risen >= 0:
                    flow = risen / (passed_us / HOUR_US)
            register = (row.time_us, volume)
        if flow is None:
            continue
        hour = (row.time_us - 1) // HOUR_US
        if samples and hour != number:
            yield Hour(number, sum(samples) / len(samples) / 1_000_000, row.frame)
            samples = []
        number = hour
        samples.append(round(flow * 1_000_000))


@dataclass
class _Said:
    device: str
    versions: list[tuple[int, Version]] = field(default_factory=list)
    open_us: int | None = None

    def raised(self, at_us: int, frame: int) -> None:
        self.open_us = at_us
        self.versions.append((at_us, (self.device, 1, "raised", at_us, None, frame)))

    def cleared(self, at_us: int, frame: int) -> None:
        assert self.open_us is not None
        version = (self.device, 2, "cleared", self.open_us, at_us, frame)
        self.versions.append((self.open_us, version))
        self.open_us = None


def _meters(arrivals: Sequence[Arrival]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row, late in histories(arrivals):
        if not late:
            rows[row.device].append(row)
    return rows


def night_flow(arrivals: Sequence[Arrival], least: int, rise: float = 0.05) -> list[Version]:
    """Give what the rule of night flow says."""
    said = []
    for device, rows in _meters(arrivals).items():
        one, past, night = _Said(device), list[float](), list[Hour]()
        for hour in hours_of(rows):
            is_night = 2 <= hour.number % 24 < 4
            if night and (not is_night or hour.number // 24 != night[0].number // 24):
                _judge_night(one, past, night, hour.frame, least, rise)
                night = []
            if is_night:
                night.append(hour)
        said += one.versions
    return sorted_versions(said)


def _judge_night(
    one: _Said, past: list[float], night: list[Hour], frame: int, least: int, rise: float
) -> None:
    flow = min(hour.mean for hour in night)
    if len(past) >= least:
        most = max(past)
        if one.open_us is None and flow > most + abs(most) * rise:
            one.raised(night[-1].end_us, frame)
        elif one.open_us is not None and flow <= most + abs(most) * rise / 2:
            one.cleared(night[-1].end_us, frame)
    if one.open_us is None:
        past.append(flow)
        del past[:-14]


def inflow_high(arrivals: Sequence[Arrival], least: int, calm: int, rise: float = 0.1) -> list[Version]:
    """Give what the rule of inflow says; means are kept as floats of four bytes, so whole ones only."""
    said = []
    for device, rows in _meters(arrivals).items():
        one, past = _Said(device), defaultdict[int, list[float]](list)
        over, quiet, before = 0, 0, -1
        for hour in hours_of(rows):
            known = past[hour.number % 24]
            most = max(known) if len(known) >= least else None
            is_over = most is not None and hour.mean > most + abs(most) * rise
            over = (over if hour.number - 1 == before else 0) + 1 if is_over else 0
            before = hour.number
            is_calm = most is not None and hour.mean <= most + abs(most) * rise / 2
            quiet = quiet + 1 if one.open_us is not None and is_calm else 0
            if one.open_us is None and over >= 2:
                one.raised(hour.end_us, hour.frame)
            elif one.open_us is not None and quiet >= calm:
                one.cleared(hour.end_us, hour.frame)
            if one.open_us is None and not is_over:
                known.append(hour.mean)
                del known[:-7]
        said += one.versions
    return sorted_versions(said)


_STEP = st.tuples(
    st.sampled_from(["a", "a", "b"]),
    st.sampled_from([1, 20, 30, 60, 60, 60, 90, 1380, 1440, 1440, -60]),
    st.sampled_from([None, 10.0, 10.0, 11.0, 12.0, 14.0, 0.0, -2.0]),
    st.sampled_from([None, 0.0, 1.0, 12.0, -5.0]),
    st.integers(1, 6),
)


def inlets(most: int = 40) -> st.SearchStrategy[list[Arrival]]:
    """Give flows and registers around the small hours of many days, with holes, falls and late rows."""
    return st.lists(_STEP, max_size=most).map(_laid_out)


def _laid_out(steps: Sequence[tuple[str, int, float | None, float | None, int]]) -> list[Arrival]:
    arrivals: list[Arrival] = []
    now_us, register = MONDAY_US + 2 * HOUR_US, 100.0
    for device, minutes, flow, rise, times in steps:
        for n in range(times):
            now_us += (minutes if n == 0 else min(abs(minutes), 60)) * MINUTE_US
            register += rise or 0.0
            values = {"flow_m3_per_h": flow, "volume_m3": None if rise is None else register}
            arrivals.append(Row(len(arrivals) + 1, device, now_us, values))
    return arrivals
