"""What the judge stage promises: a rule's fault costs one frame, and only a sound clock moves rules."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judged_batches import SOUND, batch_from, frame_at, poisoned_by, tick_at, told
from narrowgate_ingest.batch import batch_of
from narrowgate_ingest.host_clock import HostClock, believable, mark_doubted
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.judging import judge
from narrowgate_ingest.tail import Tail
from narrowgate_rules import CONTINUOUS_LEAK, OVERSTAY, Engine
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, NOWHERE, Row, readings


def leaking(hours: int) -> list[Row]:
    """Give hourly readings of a meter that never stands still; frame n is hour n."""
    return [Row(n, "m", MONDAY_US + n * HOUR_US, {"volume_m3": 0.1 * n}) for n in range(hours)]


@settings(max_examples=25, deadline=None)
@given(bad=st.sets(st.integers(0, 39), max_size=4))
def test_a_frame_that_a_rule_raises_on_is_judged_away_alone(
    tmp_path_factory: pytest.TempPathFactory, bad: set[int]
) -> None:
    """Its neighbours are judged exactly as if it had not been there."""
    rows = leaking(40)
    batch = batch_from(tmp_path_factory.mktemp("journal"), [frame_at(row.time_us) for row in rows])
    good = readings(Family.WATER, [row for row in rows if row.frame not in bad])
    with_bad = judge(poisoned_by(bad), batch, {Family.WATER: readings(Family.WATER, rows)}, NOWHERE, SOUND)
    without = judge(Engine([CONTINUOUS_LEAK]), batch, {Family.WATER: good}, NOWHERE, SOUND)

    assert with_bad.poisoned == dict.fromkeys(bad, "FloatingPointError: in a rule")
    assert with_bad.readings[Family.WATER].equals(without.readings[Family.WATER])
    assert told(with_bad) == told(without)


def test_the_leak_is_found_at_all(tmp_path: Path) -> None:
    """Forty hours of a meter that never stands still are one finding."""
    rows = leaking(40)
    batch = batch_from(tmp_path, [frame_at(row.time_us) for row in rows])
    judgement = judge(
        Engine([CONTINUOUS_LEAK]), batch, {Family.WATER: readings(Family.WATER, rows)}, NOWHERE, SOUND
    )

    assert judgement.findings.num_rows == 1


def test_a_batch_without_rows_is_legal(tmp_path: Path) -> None:
    """Nothing in, nothing out, every column there."""
    batch = batch_of(Tail(tmp_path).read(0, 10), 0, None)
    judgement = judge(Engine([CONTINUOUS_LEAK]), batch, {}, NOWHERE, SOUND)

    assert (judgement.findings.num_rows, judgement.sessions.num_rows, judgement.poisoned) == (0, 0, {})


TICKS: dict[str, dict[str, Any]] = {
    "sound": {},
    "unsynchronised": {"synchronised": False},
    "jumped forward": {"jump_s": 86_400.0},
    "jumped back": {"jump_s": -3.0},
    "no figure": {"jump_s": float("nan")},
}


@pytest.mark.parametrize("said", TICKS)
def test_only_a_tick_of_a_sound_clock_moves_a_rule(tmp_path: Path, said: str) -> None:
    """A car that stands beyond its limit by such a tick is found only if the clock is believed."""
    engine = Engine([OVERSTAY], {"overstay": {"default_limit_s": 3600.0, "delay_s": 30.0}})
    entries = [frame_at(MONDAY_US), tick_at(MONDAY_US + 2 * HOUR_US, **TICKS[said])]
    rows = readings(Family.PARKING, [Row(0, "bay", MONDAY_US, {"occupied": True})])
    judgement = judge(engine, batch_from(tmp_path, entries), {Family.PARKING: rows}, NOWHERE, SOUND)

    assert judgement.findings.num_rows == (1 if said == "sound" else 0)


def test_time_goes_on_with_the_first_sound_tick(tmp_path: Path) -> None:
    """A jump that is passed over costs the tick, not what it would have shown."""
    engine = Engine([OVERSTAY], {"overstay": {"default_limit_s": 3600.0, "delay_s": 30.0}})
    entries = [
        frame_at(MONDAY_US),
        tick_at(MONDAY_US + 300 * HOUR_US, jump_s=1e6),
        tick_at(MONDAY_US + 30 * MINUTE_US),
        tick_at(MONDAY_US + 61 * MINUTE_US),
    ]
    rows = readings(Family.PARKING, [Row(0, "bay", MONDAY_US, {"occupied": True})])
    judgement = judge(engine, batch_from(tmp_path, entries), {Family.PARKING: rows}, NOWHERE, SOUND)

    assert judgement.findings["frame"].to_pylist() == [3]


def test_believable_ticks_of_none_are_none() -> None:
    """No ticks are legal."""
    assert believable(batch_of(Tail(Path("nowhere")).read(0, 1), 0, None).ticks).num_rows == 0


_CLOCK = st.lists(st.sampled_from(["frame", "set", "unset"]), max_size=20)


@settings(max_examples=40, deadline=None)
@given(_CLOCK, st.integers(0, 20))
def test_the_last_tick_before_a_frame_speaks_for_it(
    tmp_path_factory: pytest.TempPathFactory, course: list[str], cut: int
) -> None:
    """Frames behind an unsynchronised tick are doubted, up to the next tick; a split changes nothing."""
    directory = tmp_path_factory.mktemp("journal")
    Journal(directory).close()
    entries = [frame_at(1) if each == "frame" else tick_at(1, synchronised=each == "set") for each in course]
    whole = batch_from(directory, entries)
    last = "set"
    expected = []
    for offset, each in enumerate(course):
        if each != "frame":
            last = each
        elif last == "unset":
            expected.append(offset)
    at = min(cut, len(course))
    first, second = HostClock(), HostClock()
    tail = Tail(directory)
    before = batch_of(tail.read(0, 10**6), 0, at)
    said = first.doubted(before.uplinks, before.ticks).tolist()
    second.restore(first.snapshot())
    after = batch_of(tail.read(at, 10**6), at, None)
    said += second.doubted(after.uplinks, after.ticks).tolist()

    assert HostClock().doubted(whole.uplinks, whole.ticks).tolist() == expected
    assert said == expected


@pytest.mark.parametrize("body", [b"", b"\x02", b"\x01\x01"])
def test_other_bytes_are_no_snapshot_of_the_clock(body: bytes) -> None:
    """Bytes that no snapshot gave are refused."""
    with pytest.raises(ValueError, match="host's clock"):
        HostClock().restore(body)


def test_readings_dated_by_a_doubted_arrival_are_marked_and_not_judged(tmp_path: Path) -> None:
    """They are stored with the mark and without `late`; those with a clock of their own are judged."""
    rows = [
        Row(0, "m", MONDAY_US, {"volume_m3": 1.0}, received_us=MONDAY_US),
        Row(1, "m", MONDAY_US - HOUR_US, {"volume_m3": 0.9}, received_us=MONDAY_US),
    ]
    batch = batch_from(tmp_path, [frame_at(MONDAY_US), frame_at(MONDAY_US)])
    engine = Engine([CONTINUOUS_LEAK])
    judgement = judge(
        engine, batch, {Family.WATER: readings(Family.WATER, rows)}, NOWHERE, np.array([0, 1], np.int64)
    )
    kept = judgement.readings[Family.WATER].sort_by("frame")

    assert kept["clock_unsynchronised"].to_pylist() == [True, None]
    assert kept["late"].to_pylist() == [None, False]


def test_without_doubt_readings_are_as_they_were() -> None:
    """Nothing is parted where no frame is doubted."""
    rows = {Family.WATER: readings(Family.WATER, leaking(2))}

    assert mark_doubted(rows, SOUND) == (rows, {})
