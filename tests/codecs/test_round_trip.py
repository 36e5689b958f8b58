"""From bytes to values and back: what decode gives, encode takes, of every profile and direction.

What holds of every frame that is read: encoded again its values make a frame that says the same, on both
engines; and byte for byte the same one, but for what `spellings_of` lists with its reason.
"""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import CASES, RECEIVED_AT_US, load
from narrowgate_bench.codec_frames import KEY, Sender, Sent, mended
from narrowgate_codecs import PROFILES, Context, Decoded, decode, encode, uplinks_from
from narrowgate_codecs.decode import decode_by_row
from narrowgate_codecs.encode import frame_of
from narrowgate_codecs.known import Known
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.scope import Scope
from narrowgate_codecs.spellings import BESIDE, Spelling, spellings_of
from narrowgate_schema.tables import FACTS

_WAYS: list[tuple[str, Direction]] = [
    (profile.name, direction)
    for profile in PROFILES.values()
    for direction in ("up", "down")
    if profile.fields(direction)
]
_DRAWN, _WORN = 4, 3
EXAMPLES = 2 * int(os.environ.get("NARROWGATE_CHAOS", "1"))
"""Sets of frames that each way is tried on; every run draws others."""


class Line(NamedTuple):
    """Frames of one profile and direction, with what is known beside their bytes."""

    profile: str
    direction: Direction
    frames: Sequence[Sent]
    key: bytes | None = KEY
    facts: tuple[tuple[str, str], ...] = ()
    """Name and hex of what each device announced before."""

    def of(self, frames: Sequence[Sent]) -> "Line":
        """Give other frames of the same line."""
        return self._replace(frames=frames)

    def read(self, engine: Callable[[pa.RecordBatch, Context], Decoded] = decode) -> Decoded:
        """Decode them, each as another device's, lest one teaches another."""
        count = len(self.frames)
        names = [f"d{at}" for at in range(count)]
        told = [
            {"device": device, "frame": -1, "name": name, "value": bytes.fromhex(fact)}
            for device in names
            for name, fact in self.facts
        ]
        context = Context(
            names,
            [self.profile] * count,
            ZoneInfo("UTC"),
            keys=[self.key] * count,
            facts=pa.RecordBatch.from_pylist(told, schema=FACTS),
            directions=[self.direction] * count,
        )
        payloads, ports = [frame for frame, _ in self.frames], [port for _, port in self.frames]
        return engine(uplinks_from(payloads, ports=ports, received_at_us=RECEIVED_AT_US), context)

    def known(self, port: int | None) -> Known:
        """Give what is known beside a frame's bytes."""
        facts = {name: bytes.fromhex(fact) for name, fact in self.facts}
        return Known(port, () if self.key is None else (self.key,), facts)


def _rows(decoded: Decoded) -> str:
    return repr({family: batch.to_pylist() for family, batch in decoded.readings.items()})


def _refusals(decoded: Decoded) -> dict[int, str]:
    """Give what refuses frames, by their place."""
    return {one["frame"]: one["detail"] for one in decoded.refusals.to_pylist()}


def _worn(frame: bytes, rng: random.Random) -> bytes:
    """Give a frame with some bytes changed."""
    changed = bytearray(frame)
    for _ in range(rng.randrange(1, 4) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.choice((0, 0xFF, 0xFE, 0x99, rng.randrange(256)))
    return bytes(changed)


def _drawn(profile: str, direction: Direction, seed: int) -> Line:
    """Give frames of the encoder, and such with other bytes here and there, check sums made right."""
    rng = random.Random(seed)
    sender = Sender(profile, direction, rng)
    drawn = [sender.sent() for _ in range(_DRAWN)]
    worn = [(_worn(frame, rng), port) for frame, port in drawn for _ in range(_WORN)]
    details = _refusals(Line(profile, direction, worn).read())
    worn = [(mended(frame, details.get(at, "")), port) for at, (frame, port) in enumerate(worn)]
    return Line(profile, direction, [*drawn, *worn])


def _sound(line: Line) -> Line:
    """Give the frames that are read whole, and say no secret and nothing twice."""
    read = line.read()
    refused = _refusals(read)
    listed = spellings_of(PROFILES[line.profile], line.direction)
    secrets = {each.name for each in listed if each.spelling is Spelling.SECRET}
    engine = frame_of(line.profile, line.direction)
    may_repeat = any(each.spelling is Spelling.TWICE for each in listed)
    return line.of(
        [
            frame
            for at, frame in enumerate(line.frames)
            if at not in refused
            and not _names(read.values[at]) & secrets
            and not _fills(read.values[at])
            and not (may_repeat and _repeats(engine.read(frame[0], line.known(frame[1]))))
        ]
    )


def _repeats(scope: Scope) -> bool:
    """Tell whether a name is said twice in one scope."""
    names = [said.element.name for said in scope.said]
    return len(set(names)) < len(names) or any(
        _repeats(one) for items in scope.lists.values() for one in items
    )


def _names(values: object) -> set[str]:
    if isinstance(values, dict):
        return set(values).union(*map(_names, values.values()))
    return set().union(*map(_names, values)) if isinstance(values, list) else set()


def _fills(values: dict[str, Any]) -> bool:
    """Tell whether a maker's own record takes in what fills up the last block."""
    return any(record.get("record") == "maker" for record in values.get("records", []))


def _again(line: Line) -> list[bytes]:
    """Give the frames that the values of others make, which say the same on both engines."""
    read = line.read()
    made = [
        encode(line.profile, str(message), values, line.key, line.direction)
        for message, values in zip(read.messages, read.values, strict=True)
    ]
    again = line.of([(frame, port) for frame, (_, port) in zip(made, line.frames, strict=True)])
    by_plan, by_row, rows = again.read(), again.read(decode_by_row), _rows(read)
    assert (by_plan.messages, repr(by_plan.values)) == (read.messages, repr(read.values))
    assert (_rows(by_plan), _rows(by_row)) == (rows, rows)
    return made


def _said(scope: Scope) -> Iterator[tuple[str, str]]:
    """Yield each element's path and what it says, raw and as bytes: one no number is not like another."""
    for said in scope.said:
        yield said.element.name, f"{said.raw!r} {scope.frame[said.start : said.stop].hex()}"
    for name, items in scope.lists.items():
        for item in items:
            yield from ((f"{name}.{inner}", raw) for inner, raw in _said(item))


def _unlisted(line: Line, made: list[bytes]) -> list[tuple[str, str, str]]:
    """Give what differs without standing in the list of spellings: frame, what was made of it, where."""
    listed = spellings_of(PROFILES[line.profile], line.direction)
    names = {each.name for each in listed}
    is_free = any(each.spelling is Spelling.FREE_ORDER for each in listed)
    has_beside = any(each.spelling in BESIDE for each in listed)
    engine = frame_of(line.profile, line.direction)
    found = []
    for (frame, port), again in zip(line.frames, made, strict=True):
        if frame == again:
            continue
        told = [list(_said(engine.read(one, line.known(port)))) for one in (frame, again)]
        in_step = [name for name, _ in told[0]] == [name for name, _ in told[1]]
        pairs = zip(*told, strict=True) if in_step and not is_free else ()
        wrong = {name for (name, raw), (_, other) in pairs if raw != other}
        unlisted = {name for name in wrong if not names & {*name.split(".")}}
        if unlisted if wrong else not has_beside:
            found.append((frame.hex(), again.hex(), ", ".join(sorted(unlisted))))
    return found


@pytest.mark.parametrize(("profile", "direction"), _WAYS, ids=lambda each: str(each))
@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_decoded_is_encoded_to_the_same(profile: str, direction: Direction, seed: int) -> None:
    """Values make a frame that says the same on both engines, and the same bytes but for listed spellings."""
    line = _sound(_drawn(profile, direction, seed))

    assert _unlisted(line, _again(line)) == []


def test_golden_frames_come_back() -> None:
    """Every golden frame that is stored goes to values and back, with its key and what is known of it."""
    lines: dict[Line, list[Sent]] = {}
    for path in CASES:
        case = load(path)
        key = bytes.fromhex(case["key"]) if "key" in case else None
        facts = tuple(sorted(case.get("facts", {}).items()))
        line = Line(path.parent.name, case["direction"], (), key, facts)
        lines.setdefault(line, []).append((bytes.fromhex(case["hex"]), case.get("port")))
    sound = [_sound(line.of(frames)) for line, frames in lines.items()]
    wrong = [each for line in sound for each in _unlisted(line, _again(line))]

    assert wrong == []
