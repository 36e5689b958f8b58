"""Recorded frames as JSON Lines: written while devices send, and sent again with their timing.

A line is {"device", "path", "hex", "at"}; `at` is ISO 8601 with a zone. Frames go out in the order of the
file: one whose `at` lies before that of the line above it is due at once.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.links import Link
from narrowgate_simulators.report import SentReport
from narrowgate_simulators.span import iso_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_BATCH = 1000


def read_recording(path: Path) -> Iterator[Emission]:
    """Give the frames of a file in its order, each device's counted from 1; blank lines are passed over.

    Raises:
        ValueError: a line is no recorded frame; names file, line and what would be right.
        OSError: the file cannot be read.
    """
    counts: Counter[str] = Counter()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    emission = _emission(line.decode(), counts)
                except ValueError as error:
                    raise ValueError(f"{path}, line {number}: {error}") from error
                yield emission


def _emission(line: str, counts: Counter[str]) -> Emission:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError('a line is {"device": …, "path": …, "hex": …, "at": …}')
    device, path, payload, at = (_text(row, name) for name in ("device", "path", "hex", "at"))
    due_us = _instant_us(at)
    try:
        frame = bytes.fromhex(payload)
    except ValueError as error:
        raise ValueError(f"hex: {payload!r} is not made of pairs of hexadecimal digits") from error
    counts[device] += 1
    return Emission(device, path, frame, counts[device], None, due_us)


def _text(row: dict[str, object], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or (not value and name != "hex"):
        raise ValueError(f"{name}: {value!r} is no text")
    return value


def _instant_us(text: str) -> int:
    right = "is no instant with a zone like 2026-03-02T00:00:00Z"
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"at: {text!r} {right}") from error
    if instant.tzinfo is None:
        raise ValueError(f"at: {text!r} {right}")
    return (instant - _EPOCH) // timedelta(microseconds=1)


class FrameFile:
    """A recording being written; a context manager."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew; OSError if it cannot be written."""
        self._file = path.open("w", encoding="utf-8")

    def __enter__(self) -> "FrameFile":
        """Give the file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def write(self, emissions: Iterable[Emission]) -> None:
        """Append frames."""
        for emission in emissions:
            line = {
                "device": emission.device,
                "path": emission.path,
                "hex": emission.payload.hex(),
                "at": iso_utc(emission.due_us),
            }
            self._file.write(f"{json.dumps(line)}\n")


async def replay(emissions: Iterable[Emission], link: Link, rate: float = 1.0) -> SentReport:
    """Send recorded frames with their timing; never faster than the gateway answers.

    Args:
        emissions: in the order in which they are sent.
        link: an open link to the gateway.
        rate: how much faster than recorded; infinity is as fast as answers come.

    Raises:
        ValueError: the rate is not positive.
    """
    if not rate > 0:
        raise ValueError(f"rate: {rate} is not more than 0")
    loop = asyncio.get_running_loop()
    began_s, first_us, batch = loop.time(), None, list[Emission]()
    for emission in emissions:
        first_us = emission.due_us if first_us is None else first_us
        due_s = began_s + (emission.due_us - first_us) / 1e6 / rate
        if batch and (due_s > loop.time() or len(batch) >= _LARGEST_BATCH):
            await link.send(batch)
            batch = []
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        batch.append(emission)
    await link.send(batch)
    return link.report
