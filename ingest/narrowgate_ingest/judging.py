"""The judge stage: readings and ticks, in journal order, through the rules."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_ingest.batch import Batch
from narrowgate_ingest.decoding import without_frames
from narrowgate_ingest.host_clock import believable, mark_doubted
from narrowgate_ingest.stage import Poisoned, run_rows
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
) -> Judgement:
    """Run the engine over a batch; whatever a rule raises costs its own frame or tick only.

    Args:
        engine: keeps the rules' memory.
        batch: what came in, in journal order.
        readings: what its frames said, in journal order.
        fleet: the registry.
        doubted: frames that came in while the host's clock was not set; what is dated by their arrival is
            marked and kept from the rules.
    """
    offsets, _ = batch.arrivals_us()
    ticks = Ticks.from_batch(believable(batch.ticks))
    sound, marked = mark_doubted(readings, doubted)

    def stage(start: int, stop: int) -> Judged:
        first, last = int(offsets[start]), int(offsets[stop - 1])
        within = (ticks.offset >= first) & (ticks.offset <= last)
        passing = Ticks(ticks.offset[within], ticks.time_us[within])
        return engine.judge(_between(sound, first, last), passing, fleet)

    parts: list[Judged] = []
    poisoned: dict[int, str] = {}
    for part in run_rows(stage, 0, len(offsets)):
        if isinstance(part, Poisoned):
            poisoned[int(offsets[part.row])] = part.error
        else:
            parts.append(part.made)
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
    return {
        family: rows.filter(
            pc.and_(pc.greater_equal(rows["frame"], first), pc.less_equal(rows["frame"], last))
        )
        for family, rows in readings.items()
    }


def _joined(parts: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    batches = pa.Table.from_batches(parts, schema).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)
