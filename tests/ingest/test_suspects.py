"""What suspects promise: a rule that raises often is got around quickly, and nothing is judged otherwise."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judged_batches import SOUND, batch_from, frame_at, poisoned_by, told
from narrowgate_ingest.batch import Batch
from narrowgate_ingest.judging import Judgement, judge
from narrowgate_ingest.suspects import Suspects
from narrowgate_rules import Engine, Judged
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MONDAY_US, NOWHERE, Row, readings

HOURS = 12


def of_meters(meters: int, hours: int) -> list[Row]:
    """Give hourly readings of meters that never stand still; frame n is meter n % meters."""
    return [
        Row(n, f"m{n % meters}", MONDAY_US + n // meters * HOUR_US, {"volume_m3": 0.1 * n})
        for n in range(meters * hours)
    ]


def judged(engine: Engine, batch: Batch, rows: list[Row], suspects: Suspects | None = None) -> Judgement:
    """Judge rows as one batch."""
    return judge(engine, batch, {Family.WATER: readings(Family.WATER, rows)}, NOWHERE, SOUND, suspects)


class Counting(Engine):
    """An engine that counts how often it is asked."""

    asked = 0

    def judge(self, *what: object) -> Judged:
        """Count and judge."""
        self.asked += 1
        return super().judge(*what)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(
    bad=st.sets(st.integers(0, 4 * HOURS - 1), max_size=8),
    known=st.sets(st.integers(0, 4), max_size=3),
)
def test_whoever_is_suspected_the_same_is_found(
    tmp_path_factory: pytest.TempPathFactory, bad: set[int], known: set[int]
) -> None:
    """Suspicion, right or wrong, changes neither findings nor readings nor who is set aside."""
    rows = of_meters(4, HOURS)
    batch = batch_from(tmp_path_factory.mktemp("journal"), [frame_at(row.time_us) for row in rows])
    suspects = Suspects()
    suspects.add({Family.WATER: readings(Family.WATER, [Row(0, f"m{n}", 0, {}) for n in known])})
    with_them, without = (
        judged(poisoned_by(bad), batch, rows, suspects),
        judged(poisoned_by(bad), batch, rows),
    )

    assert with_them.poisoned.keys() == without.poisoned.keys() == bad
    assert told(with_them) == told(without)
    assert with_them.readings[Family.WATER].equals(without.readings[Family.WATER])


def test_devices_that_a_rule_raised_on_before_are_set_aside_at_once(tmp_path: Path) -> None:
    """In the next batch the rules are asked once for it, once for each such frame and once between them."""
    meters, hours = 256, 2
    rows = of_meters(meters, hours)
    batch = batch_from(tmp_path, [frame_at(row.time_us) for row in rows])
    bad = {n for n in range(len(rows)) if n % meters in range(3, 253, 25)}
    suspects = Suspects()
    judged(poisoned_by(bad), batch, rows, suspects)
    engine = Counting(poisoned_by(bad).rules)
    judgement = judged(engine, batch, rows, suspects)

    assert judgement.poisoned.keys() == bad
    assert engine.asked == 2 + 2 * len(bad)


def test_a_device_of_which_nothing_raises_any_more_is_forgotten() -> None:
    """One that is silent stays suspected."""
    suspects = Suspects()
    rows = {name: {Family.WATER: readings(Family.WATER, [Row(0, name, 0, {})])} for name in ("a", "b", "c")}
    for each in rows.values():
        suspects.add(each)
    suspects.acquit({})
    suspects.add(rows["a"])
    suspects.acquit({Family.WATER: readings(Family.WATER, [Row(1, "a", 0, {}), Row(2, "b", 0, {})])})

    assert suspects.devices == {"a", "c"}


def test_no_more_than_some_hundred_are_suspected() -> None:
    """A fleet that fails as a whole does not fill the memory."""
    suspects = Suspects()
    suspects.add({Family.WATER: readings(Family.WATER, [Row(n, f"m{n}", 0, {}) for n in range(1000)])})

    assert len(suspects.devices) == 256


def test_frames_of_suspects_are_given_once_each() -> None:
    """Ascending, whatever the family; of no readings there are none."""
    suspects = Suspects()
    rows = [Row(5, "a", 0, {}), Row(5, "a", 1, {}), Row(7, "b", 0, {}), Row(9, "a", 2, {})]
    suspects.add({Family.WATER: readings(Family.WATER, rows[:1])})

    assert suspects.frames({Family.WATER: readings(Family.WATER, rows)}).tolist() == [5, 9]
    assert np.array_equal(suspects.frames({}), SOUND)
