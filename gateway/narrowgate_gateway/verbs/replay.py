"""`narrowgate replay`: history through decode and rules again."""

import json
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from narrowgate_gateway.options import Instant, config_option, home_option


@click.command()
@click.option("--from", "from_us", type=Instant(), required=True, help="Arrivals from then on.")
@click.option("--to", "to_us", type=Instant(), help="Arrivals before then; now where it is left out.")
@click.option("--device", "devices", multiple=True, help="Only frames of this device; may be repeated.")
@click.option(
    "--warm-up-days", type=click.IntRange(0, 3650), default=31, show_default=True,
    help="How much history before --from the rules hear first.",
)  # fmt: skip
@click.option(
    "--registry", type=click.Choice(["then", "now"]), default="then", show_default=True,
    help="Devices and assets as they were at each arrival, or as they are now: after a correction.",
)  # fmt: skip
@click.option("--apply", "is_meant", is_flag=True, help="Do it; without this, only say what would change.")
@home_option
@config_option
def command(
    from_us: int,
    to_us: int | None,
    devices: tuple[str, ...],
    warm_up_days: int,
    registry: str,
    is_meant: bool,
    home: Path,
    config: Path,
) -> None:
    """Run frames of the journal or the archive through decode and rules again: a line of JSON a change.

    Readings that a frame no longer gives go, quarantine holds what is refused now, findings and their cases
    become what the same history gives. Rules hear the time before --from to warm up, and what came behind
    --to, so that they stand where the live ones do. Live frames wait meanwhile; devices are acknowledged as
    always. Killed while it applies, it is gone on with by the next start.

    \b
    Example:
      narrowgate replay --from 2026-03-01T00:00:00+08:00 --to 2026-03-02T00:00:00+08:00
      narrowgate replay --from 2026-03-01T00:00:00+08:00 --device water-0001 --registry now --apply
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    import duckdb
    import pyarrow as pa

    from narrowgate_fleet import RegistryFault
    from narrowgate_gateway.config import ConfigFaults
    from narrowgate_gateway.control_client import CoreRefused
    from narrowgate_gateway.replaying import replayed
    from narrowgate_gateway.settings import Home
    from narrowgate_gateway.status import AlreadyRunning
    from narrowgate_ingest.pipeline import JournalUnreadable
    from narrowgate_ingest.replay_run import Asked

    place = Home(home)
    if not place.state.exists():
        raise click.ClickException(f"{place.state}: not there: no gateway ran in this home yet")
    until_us = int(datetime.now(UTC).timestamp() * 1_000_000) if to_us is None else to_us
    if until_us <= from_us:
        raise click.UsageError("--to is not behind --from")
    asked = Asked(from_us, until_us, devices, warm_up_days * 86_400_000_000, registry)
    try:
        said = replayed(place, config, asked, _say, is_meant=is_meant)
    except AlreadyRunning:
        raise click.ClickException(f"{home}: a core is starting or ending here; try again") from None
    except (ConfigFaults, CoreRefused, JournalUnreadable, RegistryFault) as error:
        raise click.ClickException(str(error)) from None
    except (ValueError, duckdb.Error, sqlite3.Error, pa.ArrowException) as error:
        raise click.ClickException(f"{home}: not finished: {error}") from None
    with Path(said["file"]).open(encoding="utf-8") as file:
        for line in file:
            click.echo(line, nl=False)
    Path(said["file"]).unlink()
    click.echo(_summary(said["heard"], said["changes"], is_meant=is_meant), err=True)


def _summary(heard: dict[str, int], changes: int, *, is_meant: bool) -> str:
    frames = f"{heard.get('asked', 0)} frames run again ({json.dumps(heard)})"
    if is_meant:
        return f"{frames}, {changes} changes made"
    return f"{frames}, {changes} changes" + ("; --apply makes them" if changes else ": all is as it stands")


def _say(progress: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"{progress} …", err=True)
