"""Hypothesis strategies: arrivals with holes, repeats, late rows, histories and ticks."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from rules_rows import DAY_US, HOUR_US, MINUTE_US, MONDAY_US, SECOND_US, Arrival, Row, Tick

DEVICES = ("a", "b", "c")
_Step = tuple[str, int, bool, Mapping[str, float | bool | None]]
CUTS = st.lists(st.integers(0, 200), max_size=6)


def _course(steps: Sequence[_Step], start_us: int) -> list[Arrival]:
    """Lay steps out: each device at its own time, ticks at the newest of all."""
    arrivals: list[Arrival] = []
    newest_us = dict.fromkeys((*DEVICES, "tick"), start_us)
    frame = 1
    for who, step_us, joined, values in steps:
        last = arrivals[-1] if arrivals else None
        same_frame = joined and isinstance(last, Row) and last.device == who
        frame += 0 if same_frame else 3
        time_us = newest_us[who] + step_us
        newest_us[who] = max(newest_us[who], time_us)
        arrivals.append(Tick(frame, time_us) if who == "tick" else Row(frame, who, time_us, values))
    return arrivals


_OCCUPIED = st.sampled_from([False, True, False, True, False, True, None]).map(
    lambda value: {"occupied": value}
)
_PARKING_STEPS_US = st.sampled_from(
    [0, 5 * SECOND_US, 29 * SECOND_US, 30 * SECOND_US, 31 * SECOND_US, 10 * MINUTE_US, HOUR_US, 2 * HOUR_US]
)
_LATE_STEPS_US = st.sampled_from(
    [-SECOND_US, -30 * SECOND_US, -10 * MINUTE_US, -HOUR_US, -3 * HOUR_US, -DAY_US]
)


def parking(most: int = 60) -> st.SearchStrategy[list[Arrival]]:
    """Give flips, keep-alives, debounced flips, late rows and ticks."""
    step = st.tuples(
        st.sampled_from([*DEVICES[:2], *DEVICES[:2], "tick"]),
        st.one_of(_PARKING_STEPS_US, _PARKING_STEPS_US, _LATE_STEPS_US),
        st.booleans(),
        _OCCUPIED,
    )
    return _lists(step, most).map(lambda steps: _course(steps, MONDAY_US))


def busy_bay() -> st.SearchStrategy[list[Arrival]]:
    """Give one bay more changes than its history keeps, with late rows on both sides of the kept ones."""
    step = st.tuples(
        st.sampled_from([DEVICES[0]] * 8 + ["tick"]),
        st.one_of(*[_PARKING_STEPS_US] * 4, _LATE_STEPS_US),
        st.just(False),
        st.booleans().map(lambda value: {"occupied": value}),
    )
    return st.lists(step, min_size=60, max_size=120).map(lambda steps: _course(steps, MONDAY_US))


_FLOWS_M3 = st.sampled_from([0.0, 0.011, 0.012, 0.013, 0.012, 0.013, 0.2, 9.0, -248.52])
_WATER_STEPS_US = st.sampled_from(
    [
        0,
        15 * MINUTE_US,
        54 * MINUTE_US,
        HOUR_US,
        HOUR_US,
        HOUR_US,
        5 * HOUR_US,
        6 * HOUR_US,
        7 * HOUR_US,
        -HOUR_US,
    ]
)


def water(most: int = 120) -> st.SearchStrategy[list[Arrival]]:
    """Give registers that leak, rest, jump, fall, repeat and fall silent."""
    steady = st.tuples(
        st.sampled_from(DEVICES[:2]), st.just(HOUR_US), st.just(False), st.sampled_from([0.012, 0.013])
    )
    odd = st.tuples(st.sampled_from(DEVICES[:2]), _WATER_STEPS_US, st.booleans(), _FLOWS_M3 | st.none())
    runs = st.tuples(st.lists(odd, max_size=6), st.integers(0, 40), steady).map(
        lambda run: [*run[0], *[run[2]] * run[1]]
    )
    return st.lists(runs, max_size=5).map(
        lambda parts: _registers([step for part in parts for step in part][:most])
    )


_DATA_US = st.sampled_from([every * MINUTE_US for every in (5, 10, 15, 30, 40, 60, 90)])
_TURNS = st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0.0, 0.0, 0.0125, 0.02, 0.2])), min_size=1)
_MISHAPS = st.dictionaries(
    st.integers(0, 400),
    st.sampled_from(["hole", "long hole", "lost", "twice", "reset", "jitter", "no volume"]),
)


@st.composite
def fine_water(draw: st.DrawFn, most: int = 400) -> list[Arrival]:
    """Give one register read every 5 to 90 minutes through turns of use and rest, with mishaps."""
    every_us, mishaps = draw(_DATA_US), draw(_MISHAPS)
    turns = draw(_TURNS)
    readings = draw(st.integers(0, min(most, 40 * HOUR_US // every_us)))
    register, time_us, left_us, arrivals = 100.0, MONDAY_US, 0, []
    turn = -1
    for n in range(readings):
        what = mishaps.get(n, "")
        span_us = {"hole": 5 * HOUR_US, "long hole": 7 * HOUR_US, "jitter": every_us + 40 * SECOND_US}.get(
            what, every_us
        )
        if left_us <= 0:
            turn = (turn + 1) % len(turns)
            left_us = turns[turn][0] * MINUTE_US
        left_us -= span_us
        register += turns[turn][1] * span_us / HOUR_US
        time_us += span_us
        register = 1.0 if what == "reset" else register
        volume = None if what == "no volume" else int(register * 1000 + 1e-6) / 1000
        if what != "lost":
            arrivals += [
                Row(2 * n + again, "a", time_us, {"volume_m3": volume})
                for again in range(1 + (what == "twice"))
            ]
    return list(arrivals)


def _registers(steps: Sequence[tuple[str, int, bool, float | None]]) -> list[Arrival]:
    register = dict.fromkeys(DEVICES, 100.0)
    rows = []
    for device, step_us, joined, flow_m3 in steps:
        register[device] = round(register[device] + (flow_m3 or 0.0), 3)
        volume = None if flow_m3 is None else register[device]
        rows.append((device, step_us, joined, {"volume_m3": volume}))
    return _course(rows, MONDAY_US)


_POWER_W = st.sampled_from([0.0, 1.9, 2.0, 9.9, 0.0, 10.0, 98.0, None])
_LEVEL_PCT = st.sampled_from([None] * 12 + [0.0, 50.0, 100.0])
_LIGHTING_STEPS_US = st.sampled_from(
    [0, MINUTE_US, 5 * MINUTE_US, *[10 * MINUTE_US] * 6, HOUR_US, 6 * HOUR_US, -10 * MINUTE_US]
)


def lighting(most: int = 60) -> st.SearchStrategy[list[Arrival]]:
    """Give lamps dark and lit, by day and night, with and without level and supply."""
    values = st.fixed_dictionaries(
        {
            "power_w": _POWER_W,
            "voltage_v": st.sampled_from([225.0] * 8 + [0.0, 176.0, 264.5, 300.0, None]),
            "commanded_level_pct": _LEVEL_PCT,
        }
    )
    step = st.tuples(st.sampled_from(DEVICES[:2]), _LIGHTING_STEPS_US, st.booleans(), values)
    return _lists(step, most).map(lambda steps: _course(steps, MONDAY_US + 10 * HOUR_US))


def _lists(step: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """Give few steps, which shrink well, or many, which meet each other."""
    return st.lists(step, max_size=6) | st.lists(step, min_size=most // 2, max_size=most)
