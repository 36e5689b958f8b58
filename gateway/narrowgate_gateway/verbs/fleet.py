"""`narrowgate fleet`: the registry from and to CSV, and what it knows of a device."""

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgate_gateway.options import home_option
from narrowgate_gateway.verbs.fleet_keys import keys
from narrowgate_gateway.verbs.fleet_registry import faults_told, opened, opened_registry, write_errors

if TYPE_CHECKING:
    from narrowgate_gateway.adoption import Stranger


@click.group()
def command() -> None:
    """The registry: who the devices are and where.

    Example: narrowgate fleet import district.csv --dry-run
    """


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@home_option
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
    with opened(file) as (stream, progress), opened_registry(home, create=True) as registry:
        imported = import_csv(
            registry, stream, families, skip_bad=skip_bad, dry_run=dry_run, progress=progress
        )
    if dry_run:
        for row in imported.changes.told():
            click.echo(json.dumps(row, ensure_ascii=False))
    click.echo(json.dumps(imported.summary()))
    if errors is not None:
        write_errors(errors, file, imported.faults)
    if imported.faults:
        raise click.ClickException(faults_told(file, imported.faults, errors, is_applied=imported.is_applied))


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@home_option
def export(file: str, home: Path) -> None:
    """Write the registry as a CSV file that imports to the same registry (- is standard output).

    Example: narrowgate fleet export district.csv
    """
    from narrowgate_fleet import export_csv

    with opened_registry(home, create=False) as registry:
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
@home_option
def show(device: str, home: Path) -> None:
    """Print all that the registry knows of a device, as JSON.

    Example: narrowgate fleet show water-0001
    """
    with opened_registry(home, create=False) as registry:
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


@command.command("adopt")
@click.argument("devices", nargs=-1)
@home_option
@click.option(
    "--csv", "sheet_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a CSV to fill in."
)
@click.option("--apply", "is_meant", is_flag=True, help="Register those whose profile is believed.")
@click.option("--tenant", default="default", show_default=True, help="Whose devices they become.")
def adopt(devices: tuple[str, ...], home: Path, sheet_file: Path | None, is_meant: bool, tenant: str) -> None:
    """List the devices that send and that nobody has registered, with what they seem to be and why.

    A line of JSON each. DEVICES limit it to some. With --apply those whose profile is believed come into the
    registry; `narrowgate quarantine retry --reason unknown --apply` then stores what they sent meanwhile.

    \b
    Example:
      narrowgate fleet adopt
      narrowgate fleet adopt water-0099 --apply
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    from narrowgate_gateway.adoption import strangers, write_sheet
    from narrowgate_gateway.settings import Home

    if not home.is_dir():
        raise click.ClickException(f"{home}: no such home")
    found = list(strangers(Home(home), devices))
    for each in found:
        click.echo(json.dumps(each.told(), ensure_ascii=False))
    if missing := sorted(set(devices) - {each.device for each in found}):
        raise click.ClickException(f"no frames of {', '.join(missing)} are in quarantine as unknown")
    if sheet_file is not None:
        try:
            write_sheet(sheet_file, found)
        except OSError as error:
            raise click.ClickException(f"{sheet_file}: {error.strerror or error}") from None
    believed = [each for each in found if each.profile is not None]
    if is_meant and believed:
        _take_in(home, believed, tenant)
    hint = "" if is_meant or not believed else "; --apply registers them"
    click.echo(f"{len(believed)} of {len(found)} have a profile that is believed{hint}", err=True)


def _take_in(home: Path, believed: "list[Stranger]", tenant: str) -> None:
    """Register devices."""
    from narrowgate_codecs import PROFILES
    from narrowgate_fleet import import_csv
    from narrowgate_gateway.adoption import sheet

    families = {name: str(profile.family) for name, profile in PROFILES.items()}
    with opened_registry(home, create=True) as registry:
        imported = import_csv(registry, io.BytesIO(sheet(believed, tenant)), families)
    if imported.faults:
        raise click.ClickException(faults_told("adopted devices", imported.faults, None))


command.add_command(keys)
