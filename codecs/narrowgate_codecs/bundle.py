"""One profile's frames as bare columns, without uplinks and without Arrow: what the benchmarks time."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from narrowgate_codecs.cohort import NO_PORT, Place, any_in, everywhere
from narrowgate_codecs.decode import FEWEST, plan_for
from narrowgate_codecs.encode import frame_of
from narrowgate_codecs.known import Key, Known, keys_of
from narrowgate_codecs.mapping import measures_of
from narrowgate_codecs.measures import Measures
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.registry import PROFILES
from narrowgate_codecs.rows import Row, rows_of
from narrowgate_codecs.values import speak
from narrowgate_codecs.wire import packed


@dataclass(slots=True)
class Bundle:
    """The readings of some frames."""

    measures: list[Measures]
    """Of the frames that the plan read, as columns."""
    rows: list[Row]
    """Of the frames that the row engine read."""
    refused: int
    """Frames that are none of the profile."""


def bundle(
    profile: str,
    payloads: Sequence[bytes],
    timezone: ZoneInfo,
    received_at_us: int,
    *,
    ports: Sequence[int | None] | None = None,
    keys: Sequence[Key] | None = None,
    fewest: int = FEWEST,
) -> Bundle:
    """Give the readings of frames that came up from devices of one profile.

    Args:
        profile: its name.
        payloads: (n,) the frames.
        timezone: the zone of clocks that state none.
        received_at_us: reception of all of them [us since 1970 UTC].
        ports: (n,) the message types captured from ports; None: none for all.
        keys: (n,) the devices' keys; None: no device has one.
        fewest: fewer frames than that are read one by one.
    """
    plan = plan_for(profile, "up") if len(payloads) >= fewest else None
    if plan is None:
        every = range(len(payloads))
        return _by_row(profile, payloads, every, ports, keys, timezone, received_at_us)
    wire, starts, lengths = packed(payloads)
    level = plan.read(wire, starts, lengths, _column(ports) if plan.by_port else None, keys)
    received_us = np.empty(len(payloads), np.int64)
    received_us.fill(received_at_us)
    made = Bundle([], [], 0)
    if any_in(level.odd):
        odd = level.odd.nonzero()[0].tolist()
        made = _by_row(profile, payloads, odd, ports, keys, timezone, received_at_us)
    received = everywhere(len(payloads))
    made.measures = measures_of(plan, level, timezone, received_us, received)
    return made


def _column(ports: Sequence[int | None] | None) -> Place | None:
    """Give the ports as a column; where all are the same, that one."""
    if ports is None:
        return None
    if len(ports) and ports[0] == ports[-1] and ports.count(ports[0]) == len(ports):
        return NO_PORT if ports[0] is None else ports[0]
    try:
        known: array[int] = array("q", ports)  # type: ignore[arg-type]  # None among them is seen here
    except TypeError:
        known = array("q", (NO_PORT if port is None else port for port in ports))
    return np.frombuffer(known, np.int64)


def _by_row(
    profile: str,
    payloads: Sequence[bytes],
    rows: Iterable[int],
    ports: Sequence[int | None] | None,
    keys: Sequence[Key] | None,
    timezone: ZoneInfo,
    received_at_us: int,
) -> Bundle:
    known, frame = PROFILES[profile], frame_of(profile, "up")
    made = Bundle([], [], 0)
    for row in rows:
        port, key = None if ports is None else ports[row], None if keys is None else keys[row]
        try:
            scope = frame.read(payloads[row], Known(port, keys_of(key)))
            values = speak(scope)
        except FrameRefused:
            made.refused += 1
            continue
        message = scope.case or known.single_message
        made.rows.extend(rows_of(known, message, scope, values, timezone, received_at_us))
    return made
