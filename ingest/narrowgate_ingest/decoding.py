"""The decode stage: uplinks to readings, with a disposition and, where refused, a reason for each frame."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_codecs import PROFILES, Context, Decoded, decode
from narrowgate_fleet import Fleet
from narrowgate_ingest.hearing import Listener, Overheard, Word, words_of
from narrowgate_ingest.identities import Identities, of_others
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
    words: list[Word] = field(default_factory=list)
    """What devices said for which somebody listens."""

    def refuse(self, row: int, reason: Reason, detail: str) -> None:
        """Quarantine a whole frame."""
        self.dispositions[row] = Disposition.QUARANTINED
        self.refusals[row] = (reason, detail)


class KnownFacts:
    """What devices announced, by device; those that announce nothing cost nothing."""

    def __init__(self, facts: Iterable[dict[str, Any]] = ()) -> None:
        """Take rows of FACTS."""
        self._rows: dict[str, list[dict[str, Any]]] = {}
        for fact in facts:
            self._rows.setdefault(fact["device"], []).append(fact)

    def add(self, facts: pa.RecordBatch) -> None:
        """Take what frames announced; the same again changes nothing."""
        for fact in facts.to_pylist():
            rows = self._rows.setdefault(fact["device"], [])
            if fact not in rows:
                rows.append(fact)

    def forget(self, device: str) -> None:
        """Let go of what a device announced."""
        self._rows.pop(device, None)

    def copy(self) -> "KnownFacts":
        """Give a copy that can be forgotten again."""
        return KnownFacts(fact for rows in self._rows.values() for fact in rows)

    def of(self, devices: Sequence[str | None]) -> pa.RecordBatch | None:
        """Give the facts of some devices, schema FACTS; None if there are none."""
        if not self._rows:
            return None
        rows = [fact for device in self._rows.keys() & set(devices) for fact in self._rows[device]]
        return pa.RecordBatch.from_pylist(rows, schema=FACTS) if rows else None


class DecodeStage:
    """Decodes batches in journal order; it remembers each device's last frames."""

    def __init__(self, timezone: ZoneInfo, facts: "KnownFacts | None" = None) -> None:
        """Take the city's zone, and what devices announced earlier."""
        self._timezone = timezone
        self._facts = KnownFacts() if facts is None else facts
        self._identities = Identities()
        self.repeats = Repeats()
        self.frames_by_row = 0
        """Frames that no batch plan read, since this process began."""
        self.listener: Listener | None = None
        """Who listens to words; None: nobody does."""

    def run(self, uplinks: pa.RecordBatch, fleet: Fleet) -> Decoding:
        """Decode a batch; whatever a profile raises costs its own frame only."""
        devices = uplinks["claimed_device"].to_pylist()
        slots = fleet.slots(devices)
        profiles, keys = _profiles(fleet, slots), fleet.keys(slots)
        awaited = self.listener.awaited() if self.listener is not None else frozenset()
        overheard: list[Overheard] = []

        def stage(start: int, stop: int) -> Decoded:
            context = Context(
                devices=devices[start:stop],
                profiles=profiles[start:stop],
                timezone=self._timezone,
                keys=keys[start:stop],
                facts=self._facts.of(devices[start:stop]),
            )
            made = decode(uplinks.slice(start, stop - start), context)
            found = self._identities.strangers(made, slots[start:stop], fleet)
            found.update(of_others(uplinks.slice(start, stop - start)))
            strangers.update((start + row, wrong) for row, wrong in found.items())
            if awaited:
                overheard.extend(_overheard(made, devices, awaited, start, stop))
            self._facts.add(_without(made.facts, frames[[start + row for row in found]]))
            return made

        frames = np.asarray(uplinks["frame"])
        strangers: dict[int, str] = {}
        parts: list[Decoded] = []
        decoding = Decoding([Disposition.QUARANTINED] * len(devices), profiles, {}, _no_facts())
        for part in run_rows(stage, 0, len(devices)):
            if isinstance(part, Poisoned):
                decoding.refuse(part.row, Reason.INTERNAL, part.error)
                continue
            parts.append(part.made)
            self.frames_by_row += part.made.by_row
            decoding.dispositions[part.start : part.stop] = part.made.dispositions
        _merge(decoding, parts, uplinks)
        _drop_strangers(decoding, frames, strangers)
        self._drop_repeats(decoding, uplinks, slots)
        decoding.words = words_of(
            overheard,
            devices,
            uplinks,
            lambda row: decoding.dispositions[row] is not Disposition.DUPLICATE and row not in strangers,
        )
        return decoding

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


def _overheard(
    made: Decoded, devices: Sequence[str], awaited: Set[str], start: int, stop: int
) -> Iterator[Overheard]:
    """Yield the frames of devices whose words matter."""
    for row in range(start, stop):
        if devices[row] in awaited:
            yield Overheard(row, made, row - start)


def _drop_strangers(decoding: Decoding, frames: NDArray[np.int64], strangers: dict[int, str]) -> None:
    """Quarantine frames that carry another device's identity: neither readings nor facts of theirs count."""
    for row, wrong in strangers.items():
        decoding.refuse(row, Reason.IDENTITY, wrong)
    if strangers:
        gone = frames[sorted(strangers)]
        decoding.readings = without_frames(decoding.readings, gone)
        decoding.facts = _without(decoding.facts, gone)


def without_frames(
    readings: dict[Family, pa.RecordBatch], frames: NDArray[np.int64]
) -> dict[Family, pa.RecordBatch]:
    """Give the readings but those of some frames."""
    return {family: _without(rows, frames) for family, rows in readings.items()}


def _without(rows: pa.RecordBatch, frames: NDArray[np.int64]) -> pa.RecordBatch:
    """Give the rows but those of some frames."""
    gone = pa.array(frames, pa.int64())
    return rows.filter(pc.invert(pc.is_in(rows["frame"], value_set=gone))) if len(gone) else rows


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


def _one(schema: pa.Schema, batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Give batches as one."""
    whole = pa.Table.from_batches(batches, schema).combine_chunks().to_batches()
    return whole[0] if whole else pa.RecordBatch.from_pylist([], schema)


def _no_facts() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], FACTS)
