"""`narrowgate backup`: state out, while running or stopped."""

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from narrowgate_gateway.options import config_option, home_option

if TYPE_CHECKING:
    from narrowgate_gateway.settings import Home


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@home_option
@config_option
@click.pass_context
def command(context: click.Context, directory: Path, home: Path, config: Path) -> None:
    """Copy a home into a new directory: journal, stores, archive, quarantine, registry, users, configuration.

    Everything acknowledged before it began is in it. A running gateway goes on taking frames; its core copies
    the stores between two batches. Secrets are not copied: the key of the console's cookies, and the
    files that hold passwords, tokens and certificates.

    \b
    Example:
      narrowgate backup /var/backups/narrowgate/monday --home /var/lib/narrowgate
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    import duckdb

    from narrowgate_gateway.backup import copy_journal, copy_rest, erasures_of, seal
    from narrowgate_gateway.control_client import CoreRefused
    from narrowgate_gateway.settings import Home
    from narrowgate_gateway.status import AlreadyRunning

    place = Home(home)
    if not place.state.exists():
        raise click.ClickException(f"{place.state}: not there: no gateway ran in this home yet")
    if directory.exists() and any(directory.iterdir()):
        raise click.ClickException(f"{directory}: not empty: a backup wants a directory of its own")
    was_named = context.get_parameter_source("config") is not ParameterSource.DEFAULT
    if was_named and not config.is_file():
        raise click.UsageError(f"--config: {config}: no such file")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        erased = erasures_of(place.state)
        copy_journal(place.journal, directory / "journal")
        _copy_stores(place, directory.absolute())
        if erasures_of(directory / place.state.name) != erased:
            # Rows that were copied before may be whole, or half blanked.
            raise ValueError("a device was erased meanwhile; begin again in a new directory")
        copy_rest(place, config if config.is_file() else None, directory)
        manifest = seal(directory)
    except AlreadyRunning:
        raise click.ClickException(f"{home}: a core is starting or ending here; try again") from None
    except (CoreRefused, ValueError, duckdb.Error, sqlite3.Error) as error:
        raise click.ClickException(f"{directory}: not finished: {error}") from None
    if not config.is_file():
        click.echo(f"{config} is not there: the backup holds no configuration", err=True)
    click.echo(json.dumps(_summary(directory, manifest)))


def _copy_stores(place: "Home", directory: Path) -> None:
    """Have the core that is up copy the stores, or do it here."""
    from narrowgate_gateway.backup import copy_stores
    from narrowgate_gateway.control import Request
    from narrowgate_gateway.control_client import NoCore, ask
    from narrowgate_gateway.stopped_core import held_telemetry

    try:
        ask(place.run, Request.BACKUP, into=str(directory))
    except NoCore:
        with held_telemetry(place) as telemetry:
            copy_stores(place, telemetry, directory)


def _summary(directory: Path, manifest: Any) -> dict[str, Any]:
    return {
        "directory": str(directory),
        "taken_at": manifest.taken_at,
        "frames": manifest.frames,
        "journal_end": manifest.journal_end,
        "files": len(manifest.files),
        "bytes": sum(copied.bytes for copied in manifest.files),
    }
