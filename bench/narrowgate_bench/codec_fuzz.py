"""Plan against row engine on frames without end: `python -m narrowgate_bench.codec_fuzz --frames 1000000`.

Prints the first difference as JSON with its seed, and exits 1; exits 0 with the counts if there is none.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import click
import pyarrow as pa

from narrowgate_bench.codec_frames import KEY, Sender, Sent, damaged, mended
from narrowgate_codecs import PROFILES, Context, Decoded, decode, uplinks_from
from narrowgate_codecs.decode import decode_by_row
from narrowgate_codecs.known import Key
from narrowgate_codecs.layout import Direction

_ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/Santiago",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "UTC",
)
_BATCH = 512

Frames = list[Sent]


def differences(frames: Frames, profile: str, direction: Direction, **given: Any) -> list[int]:
    """Give the rows whose meaning by plan differs from that by construct, values and identities included."""
    whole, truth, _ = both(frames, profile, direction, **given)
    said = [_rows(one) for one in (whole, truth)]
    return [row for row in range(len(frames)) if said[0][row] != said[1][row]]


def both(
    frames: Frames,
    profile: str,
    direction: Direction,
    zone: str = "UTC",
    received_at_us: int | None = None,
    key: Key = KEY,
) -> tuple[Decoded, Decoded, int]:
    """Decode frames by plan and by construct; give both and how many the plan left to construct."""
    uplinks = _uplinks(frames, received_at_us)
    directions = [direction] * len(frames)
    count = len(frames)
    context = Context(
        ["d"] * count, [profile] * count, ZoneInfo(zone), keys=[key] * count, directions=directions
    )
    whole = decode(uplinks, context)
    return whole, decode_by_row(uplinks, context), whole.by_row


def _uplinks(frames: Frames, received_at_us: int | None = None) -> pa.RecordBatch:
    payloads, ports = [frame for frame, _ in frames], [port for _, port in frames]
    return uplinks_from(payloads, ports=ports, received_at_us=received_at_us)


def _rows(decoded: Decoded) -> list[list[Any]]:
    rows: list[list[Any]] = [
        list(one)
        for one in zip(
            decoded.dispositions, decoded.identities, decoded.messages, map(str, decoded.values), strict=True
        )
    ]
    for batch in (*decoded.readings.values(), decoded.refusals, decoded.facts):
        for one in batch.to_pylist():
            rows[one["frame"]].append(one)
    return rows


def batches(seed: int) -> Iterator[tuple[Frames, str, Direction, dict[str, Any]]]:
    """Give batches without end: a profile's own frames, some of them damaged, check sums mended again."""
    rng = random.Random(seed)
    directions: tuple[Direction, ...] = ("up", "down")
    senders = [
        (profile.name, direction, Sender(profile.name, direction, rng))
        for profile in PROFILES.values()
        for direction in directions
        if profile.fields(direction)
    ]
    while True:
        name, direction, sender = rng.choice(senders)
        frames = worn([sender.sent() for _ in range(_BATCH)], name, direction, rng)
        received_at_us = rng.choice((None, rng.randrange(1 << 52)))
        yield frames, name, direction, {"zone": rng.choice(_ZONES), "received_at_us": received_at_us}


def worn(frames: Frames, profile: str, direction: Direction, rng: random.Random) -> Frames:
    """Give frames, some of them damaged or without their port, most check sums mended again."""
    share = rng.choice((0.0, 0.02, 0.5, 0.9))
    frames = _alike([_worn(sent, rng) if rng.random() < share else sent for sent in frames], rng)
    for at, detail in _refused(frames, profile, direction):
        if rng.random() < 0.8:
            frame, port = frames[at]
            frames[at] = mended(frame, detail), port
    return frames


def _worn(sent: Sent, rng: random.Random) -> Sent:
    frame, port = sent
    return damaged(frame, rng), port if rng.random() < 0.9 else rng.choice((None, 0, 7, port))


def _alike(frames: Frames, rng: random.Random) -> Frames:
    """Give the frames, now and then only those of one length, or one over and over."""
    kind = rng.random()
    if kind < 0.3:
        length = len(rng.choice(frames)[0])
        return [sent for sent in frames if len(sent[0]) == length]
    return [rng.choice(frames)] * len(frames) if kind < 0.4 else frames


def _refused(frames: Frames, profile: str, direction: Direction) -> list[tuple[int, str]]:
    context = Context(
        [""] * len(frames),
        [profile] * len(frames),
        ZoneInfo("UTC"),
        keys=[KEY] * len(frames),
        directions=[direction] * len(frames),
    )
    refusals = decode_by_row(_uplinks(frames), context).refusals.to_pylist()
    return [(refusal["frame"], refusal["detail"]) for refusal in refusals]


@click.command()
@click.option("--frames", default=1_000_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(frames: int, seed: int) -> None:
    """Compare until so many frames have been read."""
    done = by_row = 0
    started = time.monotonic()
    for batch, profile, direction, given in batches(seed):
        whole, truth, left = both(batch, profile, direction, **given)
        by_row += left
        said, right = _rows(whole), _rows(truth)
        for row, (frame, port) in enumerate(batch):
            if said[row] != right[row]:
                found = {
                    "seed": seed,
                    "profile": profile,
                    "direction": direction,
                    "hex": frame.hex(),
                    "port": port,
                    **given,
                }
                click.echo(json.dumps({**found, "plan": str(said[row]), "construct": str(right[row])}))
                sys.exit(1)
        done += len(batch)
        if done >= frames:
            break
    click.echo(json.dumps({"frames": done, "by_row": by_row, "seconds": round(time.monotonic() - started)}))


if __name__ == "__main__":
    main()
