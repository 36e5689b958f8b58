"""`narrowgate profiles`: the device profiles, or one with its byte map."""

import json
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import click

import narrowgate_codecs
from narrowgate_codecs import PROFILES, Profile, messages, ports_of
from narrowgate_codecs.bytemap import MapLine, byte_map
from narrowgate_codecs.layout import Encrypted
from narrowgate_codecs.soundness import every
from narrowgate_gateway.frame_lines import known_profile
from narrowgate_schema.fields import fields_of

_CASE = ("case", "hex", "port", "message", "refused", "source", "origin")
_DIRECTIONS: tuple[Literal["up", "down"], ...] = ("up", "down")


@click.command("profiles")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the device profiles, or tell one: its bytes, fields with units, flags, ports and golden frames.

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
        "ports": {direction: _ports(profile, direction) for direction in _DIRECTIONS},
        "encrypted": any(isinstance(field, Encrypted) for field in every((*profile.up, *profile.down))),
        "learns": [learn.fact for learn in profile.learns],
        "fields": [field.name for field in fields_of(profile.family) if field.name in carried],
    }


def _tell(profile: Profile) -> None:
    fields = _fields(profile)
    maps = {direction: byte_map(profile.fields(direction)) for direction in _DIRECTIONS}
    if not sys.stdout.isatty():
        bytes_said = {direction: [asdict(line) for line in lines] for direction, lines in maps.items()}
        flags = [field["field"] for field in fields if field["kind"] == "flag"]
        told = {**_line(profile), "fields": fields, "flags": list(dict.fromkeys(flags)), "bytes": bytes_said}
        told["fixtures"] = _fixtures(profile.name)
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{profile.name}: {profile.device} ({profile.family})\nsource: {profile.source}")
    for direction, lines in maps.items():
        if lines:
            _print_table(
                direction, ("message", "byte", "width", "name", "what"), [_cells(line) for line in lines]
            )
        ports = _ports(profile, direction)
        if ports:
            _print_table(f"{direction}: ports", ("port", "message"), list(ports.items()))
    columns = ("message", "field", "kind", "dtype", "unit", "from", "null")
    _print_table("readings", columns, [tuple(field[name] for name in columns) for field in fields])
    cases = [tuple(str(case[name]) for name in _CASE) for case in _fixtures(profile.name)]
    if cases:
        _print_table("golden frames", _CASE, cases)


def _ports(profile: Profile, direction: Literal["up", "down"]) -> dict[str, str]:
    return {str(port): name for port, name in ports_of(profile, direction).items()}


def _fixtures(name: str) -> list[dict[str, Any]]:
    """Give the profile's golden frames, where the repository is at hand."""
    folder = Path(narrowgate_codecs.__file__).parents[2] / "firmware-fixtures" / name
    cases = (
        (path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.toml"))
    )
    return [{"case": stem, **{key: case.get(key, "") for key in _CASE[1:]}} for stem, case in cases]


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
