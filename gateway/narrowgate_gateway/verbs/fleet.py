"""`narrowgate fleet`: the registry from and to CSV, and what it knows of a device."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from narrowgate_fleet import Fault, Imported, Registry

FAULTS_SHOWN = 20

_HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="NARROWGATE_HOME",
    default="narrowgate-data",
    show_default=True,
    show_envvar=True,
    help="Directory of all state.",
)


@click.group()
def command() -> None:
    """The registry: who the devices are and where.

    Example: narrowgate fleet import district.csv --dry-run
    """


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@_HOME
@click.option("--dry-run", is_flag=True, help="Only print what would change, a line of JSON each.")
@click.option("--skip-bad", is_flag=True, help="Leave rows with faults out and take the others.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="CSV file for all faults.")
def import_(file: str, home: Path, dry_run: bool, skip_bad: bool, errors: Path | None) -> None:
    """Bring the registry to what a CSV file says (- is standard input).

    One row is a device with its asset. All or nothing: one fault holds the file back, unless --skip-bad.
    A column that the header does not name keeps its values; an empty cell is 'not set'; devices that the file
    does not name stay. The same file twice changes nothing. Exit 1 if any row was refused.

    Example: narrowgate fleet import district.csv --errors faults.csv

    `narrowgate fleet columns` lists what the file may say.
    """
    from narrowgate_codecs import PROFILES
    from narrowgate_fleet import import_csv

    if errors is not None:
        errors.touch()  # better refused before the import than after it
    families = {name: str(profile.family) for name, profile in PROFILES.items()}
    with _opened(file) as (stream, progress), _registry(home, create=True) as registry:
        imported = import_csv(
            registry, stream, families, skip_bad=skip_bad, dry_run=dry_run, progress=progress
        )
    if dry_run:
        for row in imported.changes.told():
            click.echo(json.dumps(row, ensure_ascii=False))
    click.echo(json.dumps(imported.summary()))
    if errors is not None:
        _write_errors(errors, file, imported.faults)
    if imported.faults:
        raise click.ClickException(_told(file, imported, errors))


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@_HOME
def export(file: str, home: Path) -> None:
    """Write the registry as a CSV file that imports to the same registry (- is standard output).

    Example: narrowgate fleet export district.csv
    """
    from narrowgate_fleet import export_csv

    with _registry(home, create=False) as registry:
        if file == "-":
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8")  # the file's, whatever the locale says
            export_csv(registry, sys.stdout)
            return
        beside = Path(f"{file}.unfinished")
        try:
            with beside.open("w", encoding="utf-8", newline="") as stream:
                count = export_csv(registry, stream)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(file)
        except OSError as error:
            raise click.ClickException(f"{file}: {error.strerror or error}") from error
    click.echo(f"{count} rows in {file}", err=True)


@command.command("show")
@click.argument("device")
@_HOME
def show(device: str, home: Path) -> None:
    """Print all that the registry knows of a device, as JSON.

    Example: narrowgate fleet show water-0001
    """
    with _registry(home, create=False) as registry:
        told = registry.device(device)
    if told is None:
        raise click.ClickException(f"the registry knows no device {device!r}")
    click.echo(json.dumps(told, ensure_ascii=False))


@command.command("columns")
def columns() -> None:
    """Print the columns of the registry and its CSV, a line of JSON each.

    Example: narrowgate fleet columns
    """
    from narrowgate_fleet import COLUMNS

    for column in COLUMNS:
        row = {"column": column.name, "of": column.table, "unit": column.unit, "accepts": column.accepts}
        click.echo(json.dumps(row | {"default": column.default, "help": column.help}, ensure_ascii=False))


@contextmanager
def _registry(home: Path, *, create: bool) -> Iterator["Registry"]:
    from narrowgate_fleet import Registry, RegistryFault

    try:
        with Registry(home, create=create) as registry:
            yield registry
    except RegistryFault as fault:
        raise click.ClickException(str(fault)) from fault


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, Callable[[int], None] | None]]:
    """Give the file's bytes and, on a terminal, a bar to tell of them."""
    if file == "-":
        yield sys.stdin.buffer, None
        return
    if not Path(file).exists():
        raise click.UsageError(f"{file}: no such file")
    with Path(file).open("rb") as stream:
        if not sys.stderr.isatty():
            yield stream, None
            return
        size = Path(file).stat().st_size
        with click.progressbar(
            length=size, update_min_steps=max(size // 500, 1), label=f"reading {file}", file=sys.stderr
        ) as bar:
            yield stream, bar.update


def _write_errors(errors: Path, file: str, faults: list["Fault"]) -> None:
    import csv

    with errors.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["file", "line", "column", "value", "should"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(fault.as_json(file) for fault in faults)


def _told(file: str, imported: "Imported", errors: Path | None) -> str:
    faults = imported.faults
    lines = [fault.told(file) for fault in faults[:FAULTS_SHOWN]]
    if len(faults) > FAULTS_SHOWN:
        where = f"all are in {errors}" if errors is not None else "--errors FILE keeps them all"
        lines.append(f"… and {len(faults) - FAULTS_SHOWN} more ({where})")
    outcome = "the other rows were taken" if imported.is_applied else "nothing was changed"
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return "\n".join([f"{count} in {file}; {outcome}", *lines])
