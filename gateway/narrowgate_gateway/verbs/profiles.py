"""`narrowgate profiles`: the device profiles, or one with its byte map."""

import json
import sys
from dataclasses import asdict
from typing import Any, Literal

import click

from narrowgate_codecs import PROFILES, Profile, messages
from narrowgate_codecs.bytemap import MapLine, byte_map
from narrowgate_gateway.frame_lines import known_profile
from narrowgate_schema.fields import fields_of

_DIRECTIONS: tuple[Literal["up", "down"], ...] = ("up", "down")


@click.command("profiles")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the device profiles, or tell one: its bytes, its fields with units, its source.

    Tables on a terminal, JSON Lines where a program reads.

    \b
    Example:
      narrowgate profiles
      narrowgate profiles cjt188_water_v2004
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    if name is None:
        _list()
        return
    try:
        profile = PROFILES[known_profile(name)]
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from None
    _tell(profile)


def _list() -> None:
    lines = [_line(profile) for profile in PROFILES.values()]
    if not sys.stdout.isatty():
        for line in lines:
            click.echo(json.dumps(line, ensure_ascii=False))
        return
    _print_table(
        "",
        ("profile", "family", "device", "fields"),
        [(line["profile"], line["family"], line["device"], " ".join(line["fields"])) for line in lines],
    )


def _line(profile: Profile) -> dict[str, Any]:
    carried = {carry.field for reading in profile.readings for carry in reading.carries}
    return {
        "profile": profile.name,
        "family": profile.family.value,
        "device": profile.device,
        "source": profile.source,
        "identity": profile.identity,
        "key": profile.key,
        "messages": {direction: list(messages(profile, direction)) for direction in _DIRECTIONS},
        "fields": [field.name for field in fields_of(profile.family) if field.name in carried],
    }


def _tell(profile: Profile) -> None:
    fields = _fields(profile)
    maps = {direction: byte_map(profile.fields(direction)) for direction in _DIRECTIONS}
    if not sys.stdout.isatty():
        bytes_said = {direction: [asdict(line) for line in lines] for direction, lines in maps.items()}
        told = {**_line(profile), "fields": fields, "bytes": bytes_said}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{profile.name}: {profile.device} ({profile.family})\nsource: {profile.source}")
    for direction, lines in maps.items():
        if lines:
            _print_table(
                direction, ("message", "byte", "width", "name", "what"), [_cells(line) for line in lines]
            )
    columns = ("message", "field", "kind", "dtype", "unit", "from", "null")
    _print_table("readings", columns, [tuple(field[name] for name in columns) for field in fields])


def _fields(profile: Profile) -> list[dict[str, str]]:
    known = {field.name: field for field in fields_of(profile.family)}
    told = []
    for reading in profile.readings:
        for carry in reading.carries:
            field = known[carry.field]
            told.append(
                {
                    "message": reading.message,
                    "field": field.name,
                    "kind": field.kind,
                    "dtype": field.dtype,
                    "unit": field.unit,
                    "from": carry.name,
                    "null": field.null,
                }
            )
    return told


def _cells(line: MapLine) -> tuple[str, ...]:
    at = "" if line.at is None else str(line.at)
    width = "" if not line.width else str(line.width)
    return line.part.rpartition(".")[2], at, width, line.name, line.what


def _print_table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, title=title or None)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
