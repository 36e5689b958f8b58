"""The judge stage: readings and ticks, in journal order, through the rules."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_ingest.batch import Batch
from narrowgate_ingest.decoding import without_frames
from narrowgate_ingest.host_clock import believable, mark_doubted
from narrowgate_ingest.stage import Poisoned, run_rows
from narrowgate_ingest.suspects import Suspects
from narrowgate_rules import Engine, FleetColumns, Judged, Ticks
from narrowgate_schema.tables import FINDINGS, READINGS, SESSIONS
from narrowgate_schema.words import Family


@dataclass
class Judgement:
    """What the rules said of a batch."""

    readings: dict[Family, pa.RecordBatch]
    """With `late` filled; without the rows of poisoned frames."""
    findings: pa.RecordBatch
    causes: pa.RecordBatch
    """What the desk is told."""
    sessions: pa.RecordBatch
    poisoned: dict[int, str] = field(default_factory=dict)
    """Journal offsets that a rule raised on, and what it raised."""


def judge(
    engine: Engine,
    batch: Batch,
    readings: dict[Family, pa.RecordBatch],
    fleet: FleetColumns,
    doubted: NDArray[np.int64],
    suspects: Suspects | None = None,
) -> Judgement:
    """Run the engine over a batch; whatever a rule raises costs its own frame or tick only.

    Args:
        engine: keeps the rules' memory.
        batch: what came in, in journal order.
        readings: what its frames said, in journal order.
        fleet: the registry.
        doubted: frames that came in while the host's clock was not set; what is dated by their arrival is
            marked and kept from the rules.
        suspects: devices on whose frames rules raised lately; they make it quicker, and change nothing else.
    """
    offsets, _ = batch.arrivals_us()
    ticks = Ticks.from_batch(believable(batch.ticks))
    sound, marked = mark_doubted(readings, doubted)

    def stage(start: int, stop: int) -> Judged:
        first, last = int(offsets[start]), int(offsets[stop - 1])
        within = (ticks.offset >= first) & (ticks.offset <= last)
        passing = Ticks(ticks.offset[within], ticks.time_us[within])
        return engine.judge(_between(sound, first, last), passing, fleet)

    lately = Suspects() if suspects is None else suspects

    def suspected(start: int, stop: int) -> list[int]:
        frames = lately.frames(_between(sound, int(offsets[start]), int(offsets[stop - 1])))
        rows: list[int] = np.searchsorted(offsets, frames).tolist()
        return rows

    parts: list[Judged] = []
    poisoned: dict[int, str] = {}
    for part in run_rows(stage, 0, len(offsets), suspected):
        if isinstance(part, Poisoned):
            frame = int(offsets[part.row])
            poisoned[frame] = part.error
            lately.add(_between(sound, frame, frame))
        else:
            parts.append(part.made)
    lately.acquit(sound)
    unjudged = without_frames(marked, np.array(list(poisoned), np.int64))
    return Judgement(
        readings={
            family: _joined(
                [each[family] for each in (*(p.readings for p in parts), unjudged) if family in each],
                READINGS[family],
            )
            for family in readings
        },
        findings=_joined([part.findings for part in parts], FINDINGS),
        causes=_joined([part.causes for part in parts], FINDINGS),
        sessions=_joined([part.sessions for part in parts], SESSIONS),
        poisoned=poisoned,
    )


def _between(readings: dict[Family, pa.RecordBatch], first: int, last: int) -> dict[Family, pa.RecordBatch]:
    """Give the readings of frames from one to another; they are in frame order."""
    parts = {}
    for family, rows in readings.items():
        frames = np.asarray(rows["frame"])
        start, stop = np.searchsorted(frames, first), np.searchsorted(frames, last, side="right")
        parts[family] = rows.slice(start, stop - start)
    return parts


def _joined(parts: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    batches = pa.Table.from_batches(parts, schema).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)
