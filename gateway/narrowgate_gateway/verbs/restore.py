"""`narrowgate restore`: state in."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory that is made from the backup; it must be new, or empty.",
)
def command(directory: Path, home: Path) -> None:
    """Make a home from a backup: every file is held against its check sum first.

    The configuration, where the backup has one, becomes narrowgate.toml in the home; paths and addresses in
    it are those of the old place. Letters of the webhook that were not delivered by the time of the backup
    are sent again under the same names. Valves, reboots and recalibration that waited for their devices are
    given up: they may have left since.

    \b
    Example:
      narrowgate restore /var/backups/narrowgate/monday --home /var/lib/narrowgate
      narrowgate run --config /var/lib/narrowgate/narrowgate.toml --home /var/lib/narrowgate
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    from narrowgate_fleet import RegistryFault
    from narrowgate_gateway.restore import BadBackup, restore
    from narrowgate_gateway.settings import Home

    try:
        manifest = restore(directory, Home(home))
    except (BadBackup, RegistryFault) as error:
        raise click.ClickException(str(error)) from None
    told = {"home": str(home), "taken_at": manifest.taken_at, "frames": manifest.frames}
    click.echo(json.dumps({**told, "files": len(manifest.files)}))
