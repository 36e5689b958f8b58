"""From frames to readings, batch in and batch out; a single frame is a batch of one.

Bytes never raise: what is wrong with a frame is a refusal in the result. Only our own misuse raises.
"""

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from narrowgate_codecs.context import Context, Decoded
from narrowgate_codecs.encode import frame_of
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.registry import PROFILES
from narrowgate_codecs.rows import RADIO, Row, readings_batch, rows_of
from narrowgate_codecs.scope import Scope
from narrowgate_codecs.values import Value, speak
from narrowgate_schema.tables import FACTS, REFUSALS
from narrowgate_schema.words import Disposition, Family, Reason


@dataclass(slots=True)
class _Gathered:
    """What the frames read so far mean."""

    rows: dict[Family, list[Row]] = field(default_factory=lambda: {family: [] for family in Family})
    refusals: list[dict[str, object]] = field(default_factory=list)
    dispositions: list[Disposition] = field(default_factory=list)
    identities: list[str | None] = field(default_factory=list)
    messages: list[str | None] = field(default_factory=list)
    values: list[dict[str, Value]] = field(default_factory=list)

    def refuse(self, frame: int, refused: FrameRefused) -> None:
        self.refusals.append({"frame": frame, "reason": refused.reason.value, "detail": refused.detail})

    def close(
        self,
        disposition: Disposition,
        message: str | None = None,
        values: dict[str, Value] | None = None,
        identity: str | None = None,
    ) -> None:
        self.dispositions.append(disposition)
        self.messages.append(message)
        self.values.append({} if values is None else values)
        self.identities.append(identity)


def decode(uplinks: pa.RecordBatch, context: Context) -> Decoded:
    """Give what the frames mean.

    Args:
        uplinks: (n,) schema UPLINKS; n may be 0. A null `received_at` is an unknown one: a reading without
            a clock of its own then has a null `time`.
        context: what is known of the senders, aligned with the rows.

    Returns:
        Readings, refusals and facts, and per frame its disposition, message, identity and values.

    Raises:
        ValueError: the context is not aligned with the uplinks, or names a profile that does not exist.
    """
    _check(uplinks, context)
    gathered = _Gathered()
    for index, frame in enumerate(_frames(uplinks)):
        _decode_frame(index, frame, context, gathered)
    return Decoded(
        readings={family: readings_batch(family, rows) for family, rows in gathered.rows.items()},
        refusals=pa.RecordBatch.from_pylist(gathered.refusals, schema=REFUSALS),
        facts=pa.RecordBatch.from_pylist([], schema=FACTS),
        dispositions=gathered.dispositions,
        identities=gathered.identities,
        messages=gathered.messages,
        values=gathered.values,
    )


def _check(uplinks: pa.RecordBatch, context: Context) -> None:
    for name in ("devices", "profiles", "keys", "directions"):
        column = getattr(context, name)
        if column is not None and len(column) != uplinks.num_rows:
            raise ValueError(f"context.{name}: {len(column)} rows for {uplinks.num_rows} uplinks")
    unknown = {name for name in context.profiles if name is not None} - PROFILES.keys()
    if unknown:
        raise ValueError(f"context.profiles: {min(unknown)!r}: one of {', '.join(PROFILES)} is possible")


def _frames(uplinks: pa.RecordBatch) -> list[Row]:
    columns = {name: uplinks.column(name).to_pylist() for name in ("frame", "payload", *RADIO)}
    columns["received_at"] = uplinks.column("received_at").cast(pa.int64()).to_pylist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _decode_frame(index: int, frame: Row, context: Context, gathered: _Gathered) -> None:
    name = context.profiles[index]
    direction: Direction = "up" if context.directions is None else context.directions[index]
    try:
        if name is None:
            raise FrameRefused(Reason.UNKNOWN, f"no profile is known for {context.devices[index] or 'it'}")
        scope, values = read(PROFILES[name], direction, frame["payload"])
    except FrameRefused as refused:
        gathered.refuse(frame["frame"], refused)
        gathered.close(Disposition.QUARANTINED)
        return
    profile = PROFILES[name]
    message = scope.case or profile.single_message
    for fault in scope.faults:
        gathered.refuse(frame["frame"], fault)
    if direction == "up":
        for row in rows_of(profile, message, scope, values, context.timezone, frame["received_at"]):
            gathered.rows[profile.family].append(_signed(row, frame, profile, context.devices[index]))
    identity = values.get(profile.identity) if profile.identity is not None else None
    gathered.close(_disposition(scope, values), message, values, None if identity is None else str(identity))


def read(profile: Profile, direction: Direction, payload: bytes) -> tuple[Scope, dict[str, Value]]:
    """Read one frame: what it said, raw and as values.

    Raises:
        FrameRefused: it is no frame of this profile and direction.
    """
    if not profile.fields(direction):
        raise FrameRefused(Reason.MODEL, f"{profile.name} has no {direction} frames")
    scope = frame_of(profile.name, direction).read(payload)
    return scope, speak(scope)


def _signed(row: Row, frame: Row, profile: Profile, device: str) -> Row:
    """Give the row with its key and origin, and the radio facts that only the transport knows."""
    radio = {name: frame[name] for name in RADIO}
    origin: dict[str, Any] = {
        "device": device,
        "frame": frame["frame"],
        "profile": profile.name,
        "received_at": frame["received_at"],
    }
    return {**radio, **row, **origin}


def _disposition(scope: Scope, values: dict[str, Value]) -> Disposition:
    if not scope.faults:
        return Disposition.STORED
    survived = any(values[name] for name in scope.lists)
    return Disposition.PARTIAL if survived else Disposition.QUARANTINED
