"""Frames as text: a line is bare hex, or a JSON object that also says profile, port, direction and key.

Memory is bounded: a stream is read in chunks, the whole lines of a chunk are one batch, and a line longer
than any datagram can be is dropped as it passes.
"""

import difflib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Literal

from narrowgate_codecs import PROFILES
from narrowgate_schema.words import Reason

CHUNK_BYTES = 1 << 16
LONGEST_LINE_BYTES = 1 << 18
"""Room for the hex of the longest datagram, spaced, and its keys."""
KEYS = ("hex", "profile", "port", "direction", "key")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame with what its sender's registration would have said."""

    payload: bytes
    profile: str | None
    port: int | None
    direction: Literal["up", "down"]
    key: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no frame; it is answered as a refused one, so that the lines after it are not lost."""

    reason: Reason
    detail: str


def batches(stream: BinaryIO, name: str, preset: Frame) -> Iterator[list[Frame | BadLine]]:
    """Give the frames of a stream as they come, a batch for each chunk; blank lines are passed over.

    Args:
        stream: bytes; what it has at hand is read at once, so that a slow pipe is answered without delay.
        name: the stream's name in details.
        preset: profile, port, direction and key where a line does not say them.
    """
    number = 0
    for lines in _lines(stream):
        batch: list[Frame | BadLine] = []
        for line in lines:
            number += 1
            frame = _frame(line, preset)
            if frame is not None:
                batch.append(_placed(frame, f"{name} line {number}"))
        yield batch


def _placed(frame: Frame | BadLine, place: str) -> Frame | BadLine:
    return replace(frame, detail=f"{place}: {frame.detail}") if isinstance(frame, BadLine) else frame


def _lines(stream: BinaryIO) -> Iterator[list[bytes | None]]:
    """Give the whole lines of each chunk; None for one that is too long."""
    rest = b""
    is_dropping = False
    read = getattr(stream, "read1", stream.read)
    while chunk := read(CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\n")
        lines: list[bytes | None] = list(whole)
        if is_dropping and lines:
            lines[0], is_dropping = None, False
        if len(rest) > LONGEST_LINE_BYTES:
            rest, is_dropping = b"", True
        if is_dropping:
            rest = b""
        yield [None if line is None or len(line) > LONGEST_LINE_BYTES else line for line in lines]
    if rest or is_dropping:
        yield [None if is_dropping else rest]


def _frame(line: bytes | None, preset: Frame) -> Frame | BadLine | None:
    if line is None:
        return BadLine(Reason.LENGTH, f"longer than {LONGEST_LINE_BYTES} bytes")
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        return BadLine(Reason.SANITY, f"byte {error.start} is no UTF-8")
    if not text:
        return None
    try:
        return _parsed(text, preset)
    except ValueError as error:
        return BadLine(Reason.SANITY, str(error))
    except LookupError as error:
        return BadLine(Reason.UNKNOWN, str(error.args[0]))


def _parsed(text: str, preset: Frame) -> Frame:
    if not text.startswith("{"):
        return replace(preset, payload=payload_of(text))
    try:
        said = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"no JSON: {getattr(error, 'msg', 'nested too deeply')}") from None
    odd = sorted(said.keys() - set(KEYS))
    if odd:
        raise ValueError(f"{odd[0]!r} is no key of a line; {', '.join(KEYS)} are")
    if "hex" not in said:
        raise ValueError("hex is missing")
    frame = replace(preset, payload=payload_of(_text("hex", said["hex"])))
    for name, value in said.items():
        if value is not None and name in _SETTERS:
            frame = _SETTERS[name](frame, value)
    return frame


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: {_shown(value)} is no text")
    return value


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise ValueError(f"port: {_shown(value)} is no number of 0 to {(1 << 31) - 1}")
    return value


def _direction(value: object) -> Literal["up", "down"]:
    if value == "up":
        return "up"
    if value == "down":
        return "down"
    raise ValueError(f"direction: {_shown(value)} is neither up nor down")


_SETTERS: dict[str, Callable[[Frame, object], Frame]] = {
    "profile": lambda frame, value: replace(frame, profile=known_profile(_text("profile", value))),
    "port": lambda frame, value: replace(frame, port=_port(value)),
    "direction": lambda frame, value: replace(frame, direction=_direction(value)),
    "key": lambda frame, value: replace(frame, key=key_of(_text("key", value))),
}


def payload_of(text: str) -> bytes:
    """Give the bytes of hex digits, blanks allowed between bytes; ValueError says what is wrong."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    digits = "".join(text.split())
    for at, digit in enumerate(digits):
        if digit not in "0123456789abcdefABCDEF":
            raise ValueError(f"{_shown(text)} is no hex: {digit!r} at digit {at + 1}")
    raise ValueError(f"{_shown(text)} is no hex: {len(digits)} digits do not make whole bytes")


def key_of(text: str) -> bytes:
    """Give a key; its digits never stand in an error."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError("key: no hex") from None


def known_profile(name: str) -> str:
    """Give the name of a profile back; LookupError names the known ones and the nearest."""
    if name in PROFILES:
        return name
    near = difflib.get_close_matches(name, PROFILES, n=1, cutoff=0.3)
    hint = f", {near[0]} is the nearest" if near else ""
    raise LookupError(f"profile {_shown(name)} is not known{hint}; there are: {', '.join(PROFILES)}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]}...{text[-1]}"
