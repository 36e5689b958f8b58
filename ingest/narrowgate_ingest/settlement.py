"""Settling a batch: what becomes of each frame, in figures, findings, cases and quarantine.

Rule 1: all that the state says of a batch moves in one transaction, the caller's.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_cases import Practice, apply, keep_time
from narrowgate_codecs import PROFILES
from narrowgate_ingest import state
from narrowgate_ingest.batch import Batch
from narrowgate_ingest.decoding import Decoding
from narrowgate_ingest.judging import Judgement
from narrowgate_ingest.quarantine import Refused, transport_facts
from narrowgate_ingest.state import FRAMES_SEEN, PIPELINE, Share
from narrowgate_ingest.superseded import Row, closings
from narrowgate_schema.words import Disposition, Reason


@dataclass
class Prepared:
    """A batch that is decoded and judged and waits to be written; writing it may be tried again."""

    batch: Batch
    decoding: Decoding
    judgement: Judgement
    doubted: NDArray[np.int64]
    """Frames that came in while the host's clock was not set."""
    snapshots: Mapping[str, bytes] = field(default_factory=dict)
    """The stages' state behind the batch, by stage, where it is to be kept."""


def settle(
    connection: sqlite3.Connection, prepared: Prepared, ended: Sequence[Row], practice: Practice
) -> None:
    """Move cursor, counts, findings and cases over a batch, in the caller's transaction.

    Args:
        connection: to state.db.
        prepared: the batch.
        ended: open findings that no rule follows; the batch's first row ends them.
        practice: how findings become cases.
    """
    batch, decoding = prepared.batch, prepared.decoding
    lost = _lost_frames(connection, batch)
    counts = shares_of(batch.uplinks, decoding)
    if lost:
        counts[Share(Disposition.QUARANTINED, Reason.INTEGRITY)] += lost
    state.count_frames(connection, counts)
    seen = state.cursor(connection, FRAMES_SEEN) + batch.uplinks.num_rows + lost
    state.set_cursor(connection, FRAMES_SEEN, seen)
    state.note_settled(connection, batch.start, batch.end, batch.uplinks.num_rows)
    for family, rows in prepared.judgement.readings.items():
        name = f"readings_{family}"
        state.set_cursor(connection, name, state.cursor(connection, name) + rows.num_rows)
    state.put_damage(connection, batch.damage)
    state.put_brands(connection, batch.brands)
    state.put_facts(connection, decoding.facts)
    closing = _closings(batch, ended)
    for findings in (closing, prepared.judgement.findings):
        state.put_findings(connection, findings)
    for causes in (closing, prepared.judgement.causes):
        _open_cases(connection, batch, causes, practice)
    _keep_time(connection, batch, practice)
    state.set_cursor(connection, PIPELINE, batch.end)


def refused_frames(prepared: Prepared) -> list[Refused]:
    """Give the frames of a batch that are set aside."""
    decoding, uplinks = prepared.decoding, prepared.batch.uplinks
    doubted = set(prepared.doubted.tolist())
    rows = sorted(decoding.refusals)
    picked = uplinks.take(pa.array(rows, pa.int64()))
    received_at_us = picked["received_at"].cast(pa.int64()).to_pylist()
    return [
        Refused(
            frame=uplink["frame"],
            received_at_us=received_at_us[place],
            transport=uplink["transport"],
            listener=uplink["listener"],
            path=uplink["path"],
            device=uplink["claimed_device"],
            profile=decoding.profiles[row],
            reason=decoding.refusals[row][0],
            detail=decoding.refusals[row][1],
            payload=uplink["payload"],
            disposition=decoding.dispositions[row],
            transport_facts=transport_facts(uplink, is_doubted=uplink["frame"] in doubted),
        )
        for place, (row, uplink) in enumerate(zip(rows, picked.to_pylist(), strict=True))
    ]


def note_poison(decoding: Decoding, judgement: Judgement, batch: Batch) -> None:
    """Quarantine frames that a rule raised on: their readings are not stored."""
    if not judgement.poisoned:
        return
    for row, frame in enumerate(batch.uplinks["frame"].to_pylist()):
        if frame in judgement.poisoned:
            decoding.refuse(row, Reason.INTERNAL, judgement.poisoned[frame])


def shares_of(uplinks: pa.RecordBatch, decoding: Decoding) -> Counter[Share]:
    """Give the number of frames of each share of the ledger."""
    refusals = decoding.refusals
    reasons = [refusals[row][0].value if row in refusals else "" for row in range(uplinks.num_rows)]
    columns = (uplinks[name].to_pylist() for name in ("transport", "tenant"))
    told = Counter(zip(decoding.dispositions, reasons, decoding.profiles, *columns, strict=True))
    shares: Counter[Share] = Counter()
    for (disposition, reason, profile, transport, tenant), frames in told.items():
        shares[Share(disposition, reason, transport, family_of(profile), tenant)] += frames
    return shares


def family_of(profile: str | None) -> str:
    """Give the family of a profile's devices; '' where it is not known."""
    return PROFILES[profile].family.value if profile is not None and profile in PROFILES else ""


def _closings(batch: Batch, ended: Sequence[Row]) -> pa.RecordBatch:
    """Give what ends the episodes that no rule follows, at the batch's first row."""
    offsets, times_us = batch.arrivals_us()
    if not ended or len(offsets) == 0:
        return closings([], batch.start, 0)
    return closings(ended, int(offsets[0]), int(times_us[0]))


def _lost_frames(connection: sqlite3.Connection, batch: Batch) -> int:
    """Give the frames that the journal counted but could not give back."""
    if batch.frames_end == 0:
        return 0
    seen: int = state.cursor(connection, FRAMES_SEEN) + batch.uplinks.num_rows
    return max(0, batch.frames_end - seen)


def _open_cases(
    connection: sqlite3.Connection, batch: Batch, findings: pa.RecordBatch, practice: Practice
) -> None:
    """Hand findings to the desk, each at the arrival of what decided it: the batch split leaves no trace."""
    if findings.num_rows == 0:
        return
    offsets, times_us = batch.arrivals_us()
    reached_us = np.maximum.accumulate(times_us)
    frames = np.asarray(findings["frame"], dtype=np.int64)
    for frame in np.unique(frames).tolist():
        rows = pa.array(np.flatnonzero(frames == frame))
        row = np.searchsorted(offsets, frame)
        keep_time(connection, int(reached_us[row]), practice)
        apply(connection, findings.take(rows), int(times_us[row]), practice)


def _keep_time(connection: sqlite3.Connection, batch: Batch, practice: Practice) -> None:
    """Let time pass at the desk up to the end of a batch."""
    _, times_us = batch.arrivals_us()
    if len(times_us):
        keep_time(connection, int(times_us.max()), practice)
