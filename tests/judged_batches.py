"""Journal entries as one batch, engines whose rule raises, and what was found, to compare."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from narrowgate_ingest.batch import Batch, batch_of
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.judging import Judgement
from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Tail
from narrowgate_rules import CONTINUOUS_LEAK, Engine
from narrowgate_rules.columns import Columns
from narrowgate_rules.episodes import Outcome
from uplinks import tick_batch, uplink_batch

SOUND: np.ndarray[tuple[int], np.dtype[np.int64]] = np.empty(0, np.int64)
Entry = tuple[Kind, pa.RecordBatch]


def frame_at(time_us: int) -> Entry:
    """Give an uplink that came in at an instant."""
    return Kind.UPLINKS, uplink_batch([b"x"], received_at_us=[time_us])


def tick_at(time_us: int, **said: Any) -> Entry:
    """Give a tick."""
    return Kind.TICKS, tick_batch(time_us, **said)


def batch_from(directory: Path, entries: Sequence[Entry]) -> Batch:
    """Journal entries, one row each, and give them as one batch."""
    journal = Journal(directory)
    journal.append(entries)
    journal.close()
    return batch_of(Tail(directory).read(0, 10**6), 0, None)


def poisoned_by(frames: set[int]) -> Engine:
    """Give an engine whose leak rule raises on readings of some frames."""

    def faulty(columns: Columns) -> Outcome:
        if frames & set(columns.frame.tolist()):
            raise FloatingPointError("in a rule")
        return CONTINUOUS_LEAK.judge(columns)

    return Engine([replace(CONTINUOUS_LEAK, judge=faulty)])


def told(judgement: Judgement) -> list[tuple[Any, ...]]:
    """Give what was found, to compare."""
    names = ("finding", "version", "state", "raised_at", "frame")
    return list(zip(*(judgement.findings[name].to_pylist() for name in names), strict=True))
