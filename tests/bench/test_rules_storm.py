"""A storm tells the desk of its causes and of nothing else, in every order of arrival."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from narrowgate_bench.rules_storm import ORDERS, City, Storm, batches, told
from narrowgate_rules import GROUP_RULES, RULES, Engine, Ticks
from narrowgate_schema.words import Family

STORM = Storm(devices=1600, cell=80, cabinet=40, feeder=10)
SMALL = Storm(devices=240, cell=80, cabinet=40, feeder=10, lone=6)


@pytest.mark.parametrize("order", ORDERS)
def test_storm(order: str) -> None:
    """One silent cell, two dark feeders and 50 lone faults are 53 causes, and 53 cases, with all members."""
    heard = told(STORM, order)

    assert (len(heard.causes), heard.causes) == (53, STORM.expected)
    assert (len(heard.cases), set(heard.cases)) == (53, STORM.expected)


def test_storm_in_one_batch() -> None:
    """Causes are the same, version by version, in one batch and in many with a restart before each."""
    parts = list(batches(SMALL, "shuffled"))
    whole = pa.Table.from_batches([batch for batch, _ in parts]).combine_chunks().to_batches()[0]
    ticks = Ticks(
        *(np.concatenate([getattr(each, name) for _, each in parts]) for name in ("offset", "time_us"))
    )

    at_once = _causes(Engine(RULES, groups=GROUP_RULES), whole, ticks)

    heard: list[dict[str, Any]] = []
    engine = Engine(RULES, groups=GROUP_RULES)
    for batch, own in parts:
        image, engine = engine.snapshot(), Engine(RULES, groups=GROUP_RULES)
        engine.restore(image)
        heard += _causes(engine, batch, own)
    assert (len(at_once) >= 9, at_once) == (True, heard)


def _causes(engine: Engine, batch: pa.RecordBatch, ticks: Ticks) -> list[dict[str, Any]]:
    judged = engine.judge({Family.LIGHTING: batch}, ticks, City(SMALL))
    rows: list[dict[str, Any]] = judged.causes.to_pylist()
    return rows
