"""What history gives when it is run again: the stages of the live way, with memories of their own.

Frames before the asked span warm the rules up, frames behind it lead them to where the live ones stand.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_ingest.decoding import DecodeStage
from narrowgate_ingest.hearing_again import Registry, hear_again
from narrowgate_ingest.history import History
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.quarantine import Refused
from narrowgate_ingest.settlement import Prepared, family_of, refused_frames
from narrowgate_ingest.state import Share
from narrowgate_rules import Engine
from narrowgate_schema.tables import FACTS, FINDINGS, READINGS, SESSIONS
from narrowgate_schema.words import Family

MOST_FRAMES = 500_000
"""Frames of the asked span, at most: what they give is held in memory."""


@dataclass(frozen=True)
class Asked:
    """What is to be run again."""

    from_us: int
    to_us: int
    """Arrivals within [from, to) [us]."""
    devices: tuple[str, ...] = ()
    """Of all where it is empty."""
    warm_up_us: int = 31 * 86_400_000_000
    """How much history before `from_us` the rules hear first."""
    registry: str = "then"
    """Devices and assets as they were `then`, or as they are `now`."""


@dataclass
class Rerun:
    """What the asked frames give, and what the rules say from the first of them on."""

    devices: tuple[str, ...] = ()
    """Whose history it is; all's where it is empty."""
    frames: dict[int, Share] = field(default_factory=dict)
    """Under what each asked frame is counted now, by journal offset."""
    refused: list[Refused] = field(default_factory=list)
    readings: dict[Family, list[pa.RecordBatch]] = field(default_factory=dict)
    facts: list[pa.RecordBatch] = field(default_factory=list)
    findings: list[pa.RecordBatch] = field(default_factory=list)
    causes: list[pa.RecordBatch] = field(default_factory=list)
    sessions: list[pa.RecordBatch] = field(default_factory=list)
    heard: Counter[str] = field(default_factory=Counter)
    """Frames before, in and behind the asked span."""

    @property
    def first(self) -> int | None:
        """Give the offset of the first asked frame; None if there is none."""
        return min(self.frames, default=None)

    def rows(self, family: Family) -> pa.RecordBatch:
        """Give the readings of a family."""
        return joined(READINGS[family], self.readings.get(family, []))

    def said(self, what: str) -> pa.RecordBatch:
        """Give the findings, the causes that the desk is told, the sessions or the facts."""
        schema = {"sessions": SESSIONS, "facts": FACTS}.get(what, FINDINGS)
        return joined(schema, getattr(self, what))


def run(
    pipeline: Pipeline,
    history: History,
    engine: Engine,
    registry: Registry,
    asked: Asked,
    say: Callable[[str], None],
) -> Rerun:
    """Run history again up to where the pipeline has written; the stores are not touched.

    Args:
        pipeline: one that stands between two batches.
        history: what came in.
        engine: a fresh one; it stands where the live one stands afterwards.
        registry: as it was.
        asked: what is wanted.
        say: is told how far it is.

    Raises:
        ValueError: too many frames are asked for.
        OSError, pyarrow.ArrowException: history cannot be read.
    """
    stage, rerun = DecodeStage(pipeline.timezone, pipeline.facts()), Rerun(asked.devices)
    span = (asked.from_us - asked.warm_up_us, pipeline.done)
    for end, given in hear_again(history, span, registry, stage, engine, asked.devices):
        for prepared in given:
            _take(rerun, prepared, asked)
        say(f"{sum(rerun.heard.values())} frames run again, offset {end} of {pipeline.done}")
        if len(rerun.frames) > MOST_FRAMES:
            raise ValueError(f"more than {MOST_FRAMES} frames came in then: ask for a shorter span")
    return rerun


def _take(rerun: Rerun, prepared: Prepared, asked: Asked) -> None:
    uplinks, judgement = prepared.batch.uplinks, prepared.judgement
    times_us = np.asarray(uplinks["received_at"].cast(pa.int64()), np.int64)
    wanted = (times_us >= asked.from_us) & (times_us < asked.to_us)
    rerun.heard.update(
        before=int((times_us < asked.from_us).sum()),
        asked=int(wanted.sum()),
        behind=int((times_us >= asked.to_us).sum()),
    )
    if wanted.any():
        _take_frames(rerun, prepared, np.flatnonzero(wanted).tolist())
    if rerun.first is None:
        return
    for name in ("findings", "causes", "sessions"):
        said = getattr(judgement, name)
        said = said.filter(pc.greater_equal(said["frame"], rerun.first))
        if said.num_rows:
            getattr(rerun, name).append(said)


def _take_frames(rerun: Rerun, prepared: Prepared, rows: list[int]) -> None:
    uplinks, decoding = prepared.batch.uplinks, prepared.decoding
    frames = uplinks["frame"].to_pylist()
    transports, tenants = uplinks["transport"].to_pylist(), uplinks["tenant"].to_pylist()
    own = pa.array([frames[row] for row in rows], pa.int64())
    for row in rows:
        reason = decoding.refusals[row][0].value if row in decoding.refusals else ""
        rerun.frames[frames[row]] = Share(
            decoding.dispositions[row].value,
            reason,
            transports[row],
            family_of(decoding.profiles[row]),
            tenants[row],
        )
    rerun.refused += [each for each in refused_frames(prepared) if each.frame in rerun.frames]
    for family, readings in prepared.judgement.readings.items():
        rerun.readings.setdefault(family, []).append(_of(readings, own))
    rerun.facts.append(_of(decoding.facts, own))


def _of(rows: pa.RecordBatch, frames: pa.Array) -> pa.RecordBatch:
    return rows.filter(pc.is_in(rows["frame"], value_set=frames))


def joined(schema: pa.Schema, parts: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Give batches as one."""
    whole = pa.Table.from_batches(list(parts), schema).combine_chunks().to_batches()
    return whole[0] if whole else pa.RecordBatch.from_pylist([], schema)
