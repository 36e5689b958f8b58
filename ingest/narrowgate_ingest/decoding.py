"""The decode stage: uplinks to readings, with a disposition and, where refused, a reason for each frame."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_codecs import PROFILES, Context, Decoded, decode
from narrowgate_fleet import Fleet
from narrowgate_ingest.repeats import Repeats
from narrowgate_ingest.stage import Poisoned, run_rows
from narrowgate_schema.tables import FACTS, READINGS
from narrowgate_schema.words import Disposition, Family, Reason


@dataclass
class Decoding:
    """What became of each frame of a batch."""

    dispositions: list[Disposition]
    """One a row of the uplinks."""
    profiles: list[str | None]
    readings: dict[Family, pa.RecordBatch]
    facts: pa.RecordBatch
    refusals: dict[int, tuple[Reason, str]] = field(default_factory=dict)
    """By row: the first reason and its words."""

    def refuse(self, row: int, reason: Reason, detail: str) -> None:
        """Quarantine a whole frame."""
        self.dispositions[row] = Disposition.QUARANTINED
        self.refusals[row] = (reason, detail)


@dataclass(frozen=True)
class _Senders:
    """Whose frames a batch holds, (n,) each."""

    devices: list[str]
    profiles: list[str | None]
    keys: list[bytes | None]


class DecodeStage:
    """Decodes batches in journal order; it remembers each device's last frames."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self.repeats = Repeats()

    def run(self, uplinks: pa.RecordBatch, fleet: Fleet) -> Decoding:
        """Decode a batch; whatever a profile raises costs its own frame only."""
        devices = uplinks["claimed_device"].to_pylist()
        slots = fleet.slots(devices)
        keys = fleet.keys(slots)
        senders = _Senders(devices, _profiles(fleet, slots), [every[0] if every else None for every in keys])
        decoding = self._decoded(uplinks, senders)
        self._try_older_keys(decoding, uplinks, senders, keys)
        self._drop_repeats(decoding, uplinks, slots)
        return decoding

    def _decoded(self, uplinks: pa.RecordBatch, senders: "_Senders") -> Decoding:
        def stage(start: int, stop: int) -> Decoded:
            context = Context(
                devices=senders.devices[start:stop],
                profiles=senders.profiles[start:stop],
                timezone=self._timezone,
                keys=senders.keys[start:stop],
            )
            return decode(uplinks.slice(start, stop - start), context)

        parts: list[Decoded] = []
        count = uplinks.num_rows
        decoding = Decoding([Disposition.QUARANTINED] * count, senders.profiles, {}, _no_facts())
        for part in run_rows(stage, 0, count):
            if isinstance(part, Poisoned):
                decoding.refuse(part.row, Reason.INTERNAL, part.error)
                continue
            parts.append(part.made)
            decoding.dispositions[part.start : part.stop] = part.made.dispositions
        _merge(decoding, parts, uplinks)
        return decoding

    def _try_older_keys(
        self,
        decoding: Decoding,
        uplinks: pa.RecordBatch,
        senders: "_Senders",
        keys: list[tuple[bytes, ...]],
    ) -> None:
        """Open frames that a device's newest key does not open with the one before it."""
        rows = [
            row
            for row, (reason, _) in decoding.refusals.items()
            if reason is Reason.INTEGRITY and len(keys[row]) > 1
        ]
        if not rows:
            return
        again = self._decoded(
            uplinks.take(pa.array(rows, pa.int64())),
            _Senders(
                [senders.devices[row] for row in rows],
                [senders.profiles[row] for row in rows],
                [keys[row][1] for row in rows],
            ),
        )
        opened = [place for place, why in enumerate(again.dispositions) if why is not Disposition.QUARANTINED]
        for place in opened:
            row = rows[place]
            decoding.dispositions[row] = again.dispositions[place]
            del decoding.refusals[row]
            if place in again.refusals:
                decoding.refusals[row] = again.refusals[place]
        decoding.readings = _in_order(_joined([decoding.readings, again.readings]))
        decoding.facts = _one(FACTS, [decoding.facts, again.facts])

    def _drop_repeats(self, decoding: Decoding, uplinks: pa.RecordBatch, slots: NDArray[np.int32]) -> None:
        """Mark frames seen before as duplicates and take their readings out."""
        frames = np.asarray(uplinks["frame"])
        clocked = np.zeros(len(frames), np.bool_)
        for rows in decoding.readings.values():
            own = pc.and_(pc.not_equal(rows["time"], rows["received_at"]), pc.is_valid(rows["time"]))
            clocked |= np.isin(frames, np.asarray(rows.filter(own)["frame"]))
        candidates = np.flatnonzero(clocked & (slots >= 0))
        payloads = uplinks["payload"].take(pa.array(candidates)).to_pylist()
        repeated = candidates[self.repeats.mark(slots[candidates], payloads)]
        if len(repeated) == 0:
            return
        for row in repeated.tolist():
            decoding.dispositions[row] = Disposition.DUPLICATE
            decoding.refusals.pop(row, None)
        decoding.readings = without_frames(decoding.readings, frames[repeated])


def without_frames(
    readings: dict[Family, pa.RecordBatch], frames: NDArray[np.int64]
) -> dict[Family, pa.RecordBatch]:
    """Give the readings but those of some frames."""
    gone = pa.array(frames, pa.int64())
    return {
        family: rows.filter(pc.invert(pc.is_in(rows["frame"], value_set=gone)))
        for family, rows in readings.items()
    }


def _profiles(fleet: Fleet, slots: NDArray[np.int32]) -> list[str | None]:
    """Give each frame's profile; None where the device, or the profile it is registered with, is unknown."""
    if len(fleet.column("profile")) == 0:
        return [None] * len(slots)
    named = fleet.column("profile")[np.maximum(slots, 0)]
    return [name if slot >= 0 and name in PROFILES else None for slot, name in zip(slots, named, strict=True)]


def _merge(decoding: Decoding, parts: list[Decoded], uplinks: pa.RecordBatch) -> None:
    """Join what the parts of a batch gave."""
    decoding.readings = _joined([part.readings for part in parts])
    decoding.facts = _one(FACTS, [part.facts for part in parts])
    rows = {frame: row for row, frame in enumerate(uplinks["frame"].to_pylist())}
    for part in parts:
        for refusal in part.refusals.to_pylist():
            row = rows[refusal["frame"]]
            decoding.refusals.setdefault(row, (Reason(refusal["reason"]), refusal["detail"]))


def _joined(parts: list[dict[Family, pa.RecordBatch]]) -> dict[Family, pa.RecordBatch]:
    """Give the readings of all parts by family; families without any are left out."""
    joined = {}
    for family, schema in READINGS.items():
        batches = [part[family] for part in parts if family in part]
        if sum(batch.num_rows for batch in batches):
            joined[family] = _one(schema, batches)
    return joined


def _in_order(readings: dict[Family, pa.RecordBatch]) -> dict[Family, pa.RecordBatch]:
    """Give readings by frame, those of one frame as they stand."""
    return {
        family: rows.take(pa.array(np.argsort(rows["frame"].to_numpy(), kind="stable")))
        for family, rows in readings.items()
    }


def _one(schema: pa.Schema, batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Give batches as one."""
    whole = pa.Table.from_batches(batches, schema).combine_chunks().to_batches()
    return whole[0] if whole else pa.RecordBatch.from_pylist([], schema)


def _no_facts() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], FACTS)
