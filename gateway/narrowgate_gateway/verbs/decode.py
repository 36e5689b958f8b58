"""`narrowgate decode`: a line of JSON for each frame."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import pyarrow as pa

from narrowgate_codecs import Context, decode, detected, uplinks_from
from narrowgate_codecs.known import Known, keys_of
from narrowgate_gateway.frame_lines import BadLine, Frame, batches, key_of, known_profile, payload_of
from narrowgate_schema.words import Reason

_ORIGIN = frozenset({"device", "profile", "frame", "received_at", "late"})

Line = dict[str, Any]


@click.command("decode")
@click.option(
    "--profile", metavar="NAME", help="The frames' profile; without it, the one that takes the frame."
)
@click.option(
    "--port", type=click.IntRange(0, (1 << 31) - 1), help="Message type, as a port or path would say it."
)
@click.option("--direction", type=click.Choice(["up", "down"]), default="up", show_default=True)
@click.option("--key-file", type=click.Path(path_type=Path), help="File with the device's key in hex.")
@click.option(
    "--timezone", default="Asia/Shanghai", show_default=True, help="Zone of clocks that state none."
)
@click.option("--explain", "is_explained", is_flag=True, help="Say which bytes say what, and why not.")
@click.argument("frames", nargs=-1, required=True, metavar="HEX... | @FILE | -")
def command(
    profile: str | None,
    port: int | None,
    direction: Literal["up", "down"],
    key_file: Path | None,
    timezone: str,
    is_explained: bool,
    frames: tuple[str, ...],
) -> None:
    """Say what frames mean: a line of JSON for each, in order.

    A line of a file (@FILE) or of standard input (-) is bare hex, or
    {"hex", "profile", "port", "direction", "key"}, all but hex optional.
    Blank lines are passed over; an empty frame is {"hex": ""}.

    Each answer has profile, device (the identity inside the frame), readings, refused
    ({"reason", "detail"} or null), message and values: everything the frame says.
    A frame with both readings and refused is one of whose records some were refused.
    The time of a reading without a clock of its own is null; history that is counted back from
    reception has none, and is left out.

    With --explain each answer says byte by byte what stands there, raw and as a value, which
    check sums are right and which would be, and what the frame is refused for; for a frame
    without a profile also how well each profile fits and why it was turned down. Tables on a
    terminal, JSON Lines where a program reads.

    A line that is no frame is answered in its place as refused (sanity, length or unknown)
    and names its line. Exit 1 if anything was refused, 2 if an argument is wrong.

    \b
    Example:
      narrowgate decode --profile pni_placepod_v1 156601
      echo '{"hex": "026701f0", "profile": "pni_placepod_v1"}' | narrowgate decode -
      narrowgate decode --timezone Europe/Berlin @frames.txt
      narrowgate decode --explain 6810880527101520008116901f01000000002c000000002c0620170901172000008e16
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    try:
        name = None if profile is None else known_profile(profile)
    except LookupError as error:
        raise click.UsageError(f"--profile: {error.args[0]}") from None
    preset = Frame(b"", name, port, direction, _key(key_file))
    zone = _zone(timezone)
    was_refused = False
    for batch in _batches(frames, preset):
        if is_explained:
            was_refused = _explain(batch) or was_refused
            continue
        for line in _answers(batch, zone):
            was_refused = was_refused or line["refused"] is not None
            click.echo(json.dumps(line, ensure_ascii=False))
    if was_refused:
        raise SystemExit(1)


def _explain(batch: Sequence[Frame | BadLine]) -> bool:
    """Explain a batch; give whether anything of it was refused."""
    from narrowgate_gateway.explained import explained, print_explained

    was_refused = False
    for entry in batch:
        settled = _settled(entry)
        said = explained(entry, settled.profile if isinstance(settled, Frame) else None)
        if isinstance(settled, BadLine) and not said["refused"]:
            said["refused"] = [{"reason": settled.reason.value, "detail": settled.detail}]
        was_refused = was_refused or bool(said["refused"])
        print_explained(said, is_terminal=sys.stdout.isatty())
    return was_refused


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.UsageError(f"--timezone: {name!r} is no zone, such as Europe/Berlin") from None


def _key(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return key_of(path.read_text("ascii"))
    except OSError as error:
        raise click.UsageError(f"--key-file: {path}: {error.strerror}") from None
    except ValueError:
        raise click.UsageError(f"--key-file: {path}: no hex") from None


def _batches(arguments: Sequence[str], preset: Frame) -> Iterator[list[Frame | BadLine]]:
    """Give the arguments' frames; bare hex and unreadable files are judged before anything is answered."""
    sources = [_source(argument, preset) for argument in arguments]
    for argument, source in zip(arguments, sources, strict=True):
        if isinstance(source, Frame):
            yield [source]
        elif isinstance(source, Path):
            with source.open("rb") as file:
                yield from batches(file, str(source), preset)
        else:
            yield from batches(source, "stdin" if argument == "-" else argument, preset)


def _source(argument: str, preset: Frame) -> Frame | Path | BinaryIO:
    if argument == "-":
        stdin: BinaryIO = sys.stdin.buffer
        return stdin
    if argument.startswith("@"):
        path = Path(argument[1:])
        try:
            with path.open("rb"):
                return path
        except OSError as error:
            raise click.UsageError(f"{argument}: {error.strerror}") from None
    try:
        return Frame(payload_of(argument), preset.profile, preset.port, preset.direction, preset.key)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _answers(batch: Sequence[Frame | BadLine], zone: ZoneInfo) -> Iterator[Line]:
    """Give the answers to a batch, in order; the frames with a profile are decoded in one go."""
    settled = [_settled(entry) for entry in batch]
    frames = [entry for entry in settled if isinstance(entry, Frame)]
    answered = iter(_decoded(frames, zone))
    for entry in settled:
        yield next(answered) if isinstance(entry, Frame) else _refused(None, entry.reason, entry.detail)


def _settled(entry: Frame | BadLine) -> Frame | BadLine:
    """Find the profile of a frame that came without one."""
    if isinstance(entry, BadLine) or entry.profile is not None:
        return entry
    found = detected(entry.payload, entry.direction, Known(entry.port, keys_of(entry.key)))
    if found.profile is not None:
        return Frame(entry.payload, found.profile, entry.port, entry.direction, entry.key)
    if found.candidates:
        names = ", ".join(found.candidates)
        return BadLine(Reason.AMBIGUOUS, f"more than one profile takes it: {names}")
    return BadLine(Reason.UNKNOWN, "no profile takes it whole; --profile NAME says what is wrong with it")


def _decoded(frames: Sequence[Frame], zone: ZoneInfo) -> list[Line]:
    uplinks = uplinks_from([frame.payload for frame in frames], ports=[frame.port for frame in frames])
    context = Context(
        # Each frame its own device: what one of them announces says nothing of another.
        devices=[str(index) for index in range(len(frames))],
        profiles=[frame.profile for frame in frames],
        timezone=zone,
        keys=[frame.key for frame in frames],
        directions=[frame.direction for frame in frames],
    )
    decoded = decode(uplinks, context)
    lines: list[Line] = [
        {
            "profile": frame.profile,
            "device": decoded.identities[index],
            "readings": [],
            "refused": None,
            "message": decoded.messages[index],
            "values": decoded.values[index],
        }
        for index, frame in enumerate(frames)
    ]
    for rows in decoded.readings.values():
        for row in rows.to_pylist():
            lines[row["frame"]]["readings"].append(_reading(row))
    _put_refusals(lines, decoded.refusals)
    return lines


def _put_refusals(lines: Sequence[Line], refusals: pa.RecordBatch) -> None:
    for refusal in refusals.to_pylist():
        line = lines[refusal["frame"]]
        if line["refused"] is None:
            line["refused"] = {"reason": refusal["reason"], "detail": refusal["detail"]}


def _reading(row: Line) -> Line:
    """Give a row as JSON: what is not null, and the time in any case."""
    time = row["time"]
    said = {name: value for name, value in row.items() if value is not None and name not in _ORIGIN}
    return {**said, "time": None if time is None else time.isoformat().replace("+00:00", "Z")}


def _refused(profile: str | None, reason: Reason, detail: str) -> Line:
    return {
        "profile": profile,
        "device": None,
        "readings": [],
        "refused": {"reason": reason.value, "detail": detail},
        "message": None,
        "values": {},
    }
