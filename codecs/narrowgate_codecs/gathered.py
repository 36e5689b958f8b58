"""What the row engine made of frames: rows, refusals, dispositions, and all that a frame says."""

from typing import Any

import pyarrow as pa

from narrowgate_codecs.context import Context, Told
from narrowgate_codecs.encode import frame_of
from narrowgate_codecs.facts import FactBook, fact_of
from narrowgate_codecs.known import NOTHING, Known, keys_of
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.registry import PROFILES
from narrowgate_codecs.rows import RADIO, Row, rows_of
from narrowgate_codecs.scope import Scope
from narrowgate_codecs.values import Value, speak
from narrowgate_schema.tables import REFUSALS
from narrowgate_schema.words import Disposition, Family, Reason

_NOTHING = Told(None, None, {})
_NO_REFUSALS = pa.RecordBatch.from_pylist([], schema=REFUSALS)


class Gathered:
    """Reads single frames of a batch and keeps what they mean; a frame that was not read is stored."""

    def __init__(self, uplinks: pa.RecordBatch, context: Context, book: FactBook) -> None:
        self._uplinks, self._context, self._book = uplinks, context, book
        self._payloads, self._ports = uplinks.column("payload"), uplinks.column("port")
        self._received = uplinks.column("received_at").view(pa.int64())
        self._radio = [name for name in RADIO if uplinks.column(name).null_count < uplinks.num_rows]
        self.rows: dict[Family, list[tuple[int, Row]]] = {family: [] for family in Family}
        self.refusals: list[dict[str, object]] = []
        self.dispositions = [Disposition.STORED] * uplinks.num_rows
        self._told: dict[int, Told] = {}

    def read(self, row: int) -> None:
        """Read one frame, keep its readings, refusals, disposition and what it says."""
        frame = self._uplinks.column("frame")[row].as_py()
        try:
            scope, values = self._read(row)
        except FrameRefused as refused:
            self._refuse(frame, refused)
            self.dispositions[row] = Disposition.QUARANTINED
            self._told[row] = _NOTHING
            return
        for fault in scope.faults:
            self._refuse(frame, fault)
        profile = self._profile(row)
        told = self._told[row] = _told(profile, scope, values)
        self._book.learn(self._context.devices[row], frame, announced(profile, told.message, scope))
        made: list[Row] = []
        if self._direction(row) == "up":
            received_at_us = self._received[row].as_py()
            timezone = self._context.timezone
            made = rows_of(profile, told.message or "", scope, values, timezone, received_at_us)
            signed = [(row, self._signed(one, row, frame, profile)) for one in made]
            self.rows[profile.family].extend(signed)
        self.dispositions[row] = _disposition(scope, values, has_rows=bool(made))

    def learn(self, row: int, facts: list[tuple[str, bytes]]) -> None:
        """Keep what a frame announces that was read by a plan."""
        self._book.learn(self._context.devices[row], self._uplinks.column("frame")[row].as_py(), facts)

    def told(self) -> list[Told]:
        """Give what every frame of the batch says; frames not read so far are read now."""
        return [self.tell(row) for row in range(len(self._payloads))]

    def tell(self, row: int) -> Told:
        """Give what a frame says; it is read now if it was not so far."""
        return self._told[row] if row in self._told else self._tell(row)

    def refusals_batch(self) -> pa.RecordBatch:
        """Give the refusals, schema REFUSALS."""
        if not self.refusals:
            return _NO_REFUSALS
        return pa.RecordBatch.from_pylist(self.refusals, schema=REFUSALS)

    def _tell(self, row: int) -> Told:
        scope, values = self._read(row)
        return _told(self._profile(row), scope, values)

    def _read(self, row: int) -> tuple[Scope, dict[str, Value]]:
        if self._context.profiles[row] is None:
            name = self._context.devices[row] or "it"
            raise FrameRefused(Reason.UNKNOWN, f"no profile is known for {name}")
        payload = self._payloads[row].as_py()
        return read(self._profile(row), self._direction(row), payload, self._known(row))

    def _known(self, row: int) -> Known:
        keys = self._context.keys
        frame = self._uplinks.column("frame")[row].as_py()
        facts = self._book.known(self._context.devices[row], frame)
        return Known(self._ports[row].as_py(), () if keys is None else keys_of(keys[row]), facts)

    def _profile(self, row: int) -> Profile:
        return PROFILES[self._context.profiles[row] or ""]

    def _direction(self, row: int) -> Direction:
        return "up" if self._context.directions is None else self._context.directions[row]

    def _refuse(self, frame: int, refused: FrameRefused) -> None:
        self.refusals.append({"frame": frame, "reason": refused.reason.value, "detail": refused.detail})

    def _signed(self, made: Row, row: int, frame: int, profile: Profile) -> Row:
        """Give a row with its key and origin, and the radio facts that only the transport knows."""
        radio = {name: self._uplinks.column(name)[row].as_py() for name in self._radio}
        origin: dict[str, Any] = {
            "device": self._context.devices[row],
            "frame": frame,
            "profile": profile.name,
            "received_at": self._received[row].as_py(),
        }
        return {**radio, **made, **origin}


def read(
    profile: Profile, direction: Direction, payload: bytes, known: Known = NOTHING
) -> tuple[Scope, dict[str, Value]]:
    """Read one frame: what it said, raw and as values.

    Raises:
        FrameRefused: it is no frame of this profile and direction.
    """
    if not profile.fields(direction):
        raise FrameRefused(Reason.MODEL, f"{profile.name} has no {direction} frames")
    scope = frame_of(profile.name, direction).read(payload, known)
    return scope, speak(scope)


def announced(profile: Profile, message: str | None, scope: Scope) -> list[tuple[str, bytes]]:
    """Give what a frame announces, by name."""
    own = [learn for learn in profile.learns if learn.message == message]
    said = [(learn.fact, scope.told(learn.name)) for learn in own]
    return [*((fact, fact_of(raw)) for fact, raw in said if raw is not None), *scope.learned]


def _told(profile: Profile, scope: Scope, values: dict[str, Value]) -> Told:
    identity = values.get(profile.identity) if profile.identity is not None else None
    message = scope.case or profile.single_message
    return Told(message, None if identity is None else str(identity), values)


def _disposition(scope: Scope, values: dict[str, Value], *, has_rows: bool) -> Disposition:
    if not scope.faults:
        return Disposition.STORED
    survived = has_rows or any(values[name] for name in scope.lists)
    return Disposition.PARTIAL if survived else Disposition.QUARANTINED
