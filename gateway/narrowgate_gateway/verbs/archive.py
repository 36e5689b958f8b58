"""`narrowgate archive`: what is kept for good; write now what waits."""

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgate_gateway.options import home_option

if TYPE_CHECKING:
    from narrowgate_ingest.archive_files import Part


@click.command()
@home_option
@click.option("--now", is_flag=True, help="First archive all that is stored, however little it is.")
def command(home: Path, now: bool) -> None:
    """List the archive: a line of JSON for each kind, family and day, with files and bytes.

    The files are Parquet; docs/archive.md shows how DuckDB, pandas and Spark read them. Rows wait in the
    journal until there are many, or they came in long ago; --now does not wait.

    Example: narrowgate archive --now --home /var/lib/narrowgate
    """
    from narrowgate_gateway.settings import Home
    from narrowgate_ingest.archive_files import check_format, parts_of

    place = Home(home)
    if not place.state.exists():
        raise click.ClickException(f"{place.state}: not there: no gateway ran in this home yet")
    if now:
        from narrowgate_gateway.archive_now import archive_now

        archive_now(place)
    try:
        check_format(place.archive)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    groups: dict[tuple[str, str, str], list[Part]] = defaultdict(list)
    for part in parts_of(place.archive):
        groups[part.kind, part.family, part.day].append(part)
    for (kind, family, day), parts in sorted(groups.items()):
        told = {"kind": kind, "family": family or None, "day": day, "files": len(parts)}
        click.echo(json.dumps({**told, "bytes": sum(part.path.stat().st_size for part in parts)}))
