"""The ticks of a backtest: those that a gateway would have seen."""

import numpy as np
import pytest

from narrowgate_ingest.backtest import Ticking

START_US = 1_772_380_800_000_000
MINUTE_US = 60_000_000


def ticks(minutes: list[float], cuts: list[int] | None = None) -> list[tuple[str, float]]:
    """Give readings and ticks in their order, with the minute of each."""
    ticking, told = Ticking(), []
    for part in np.split(np.array(minutes), cuts or []):
        came_us = (START_US + part * MINUTE_US).astype(np.int64)
        frames, passed = ticking.between(came_us)
        told += [(int(frame), "reading", at_us) for frame, at_us in zip(frames, came_us, strict=True)]
        told += [
            (int(offset), "tick", at_us) for offset, at_us in zip(passed.offset, passed.time_us, strict=True)
        ]
    return [(what, float(at_us - START_US) / MINUTE_US) for _, what, at_us in sorted(told)]


def test_a_tick_comes_in_the_minute_before_a_reading() -> None:
    """Readings of one minute have none between them."""
    assert ticks([0.0, 0.5, 2.5]) == [("reading", 0.0), ("reading", 0.5), ("tick", 2.0), ("reading", 2.5)]


def test_ticks_go_on_while_nothing_is_read() -> None:
    """Every ten minutes, the last in the minute before the next reading."""
    assert [at for what, at in ticks([0.0, 35.5]) if what == "tick"] == [5.0, 15.0, 25.0, 35.0]


def test_a_recording_that_was_interrupted_has_one_tick() -> None:
    """Where nobody was heard for more than 25 hours nobody knows who was silent."""
    assert [at for what, at in ticks([0.0, 1600.5]) if what == "tick"] == [1600.0]


@pytest.mark.parametrize("cuts", [[1], [2], [3], [1, 2, 3]])
def test_ticks_do_not_depend_on_batches(cuts: list[int]) -> None:
    """However the readings are cut."""
    minutes = [0.0, 35.5, 36.0, 2000.0]

    assert ticks(minutes, cuts) == ticks(minutes)


def test_no_reading_has_no_tick() -> None:
    """An empty batch is legal, and so is a clock that was never set."""
    assert ticks([]) == []
    assert [what for what, _ in ticks([-START_US / MINUTE_US])] == ["reading"]
