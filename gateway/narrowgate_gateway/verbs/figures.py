"""`narrowgate figures`: water balances and parking figures of places, of a home or of recorded readings."""

import csv
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.options import Instant, home_option

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from narrowgate_fleet import Fleet
    from narrowgate_ingest.recorded import Recording
    from narrowgate_schema.words import Family

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_FOREVER_US = 1 << 60


@click.command()
@click.option("--readings", type=_FILE, help="CSV or Parquet, columns as in docs/fields.md; else the home's.")
@click.option("--family", type=click.Choice(["water", "parking"]), required=True, help="Of the readings.")
@click.option("--fleet", type=_FILE, help="The registry's CSV: zones, roles, intervals; else the home's.")
@click.option("--from", "from_us", type=Instant(), help="Of a home: readings taken from then on.")
@click.option("--to", "to_us", type=Instant(), help="Of a home: readings taken before then.")
@click.option("--by", type=click.Choice(["zone", "street", "asset"]), default="zone", show_default=True)
@click.option("--every", type=click.Choice(["hour", "day"]), default="day", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, allow_dash=True), default="-", help="CSV of figures.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="The city's.")
@home_option
def command(
    readings: Path | None,
    family: str,
    fleet: Path | None,
    from_us: int | None,
    to_us: int | None,
    by: Any,
    every: Any,
    out: str,
    timezone: str,
    home: Path,
) -> None:
    """Reckon what each period brought to each place; an empty cell is not evaluable, -1 is unheard.

    \b
    water     input, metered, loss [m3] and non-revenue water [%] of each district: needs inlets by `role`
    parking   sessions, turnover, dwell and occupancy of each bay, block (street) or zone

    Of a home, running or not, what is stored is archived first, and the archive is asked.

    \b
    Example:
      narrowgate figures --family water --from 2026-03-01T00:00:00+08:00 --home /var/lib/narrowgate
      narrowgate figures --readings bays.parquet --family parking --fleet fleet.csv --by street --every hour
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    from zoneinfo import ZoneInfo, available_timezones

    from narrowgate_fleet import RegistryFault
    from narrowgate_gateway.backtesting import BacktestFault
    from narrowgate_gateway.figuring import figures
    from narrowgate_ingest.recorded import RecordingFault
    from narrowgate_schema.words import Family

    if timezone not in available_timezones():
        raise click.UsageError(f"--timezone {timezone!r}: wants an IANA time zone such as Asia/Shanghai")
    zone, kind = ZoneInfo(timezone), Family(family)
    if readings is not None and (fleet is None or (from_us, to_us) != (None, None)):
        raise click.UsageError("--readings wants --fleet, and neither --from nor --to")
    span_us = (from_us or 0, _FOREVER_US if to_us is None else to_us)
    heard = _of_home(home, fleet, kind, zone, span_us)
    if readings is not None and fleet is not None:
        heard = _of_file(readings, fleet, kind, zone)
    try:
        with heard as (known, recording):
            rows = list(figures(recording, known, by, every, zone, time.time_ns() // 1000))
    except (BacktestFault, RecordingFault, RegistryFault) as fault:
        raise click.ClickException(str(fault)) from None
    with click.open_file(out, "w", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]) if rows else ["from"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def _of_file(
    readings: Path, fleet: Path, family: "Family", zone: "ZoneInfo"
) -> "Iterator[tuple[Fleet, Recording]]":
    """Give recorded readings, with the fleet of a CSV."""
    from narrowgate_gateway.backtesting import fleet_of
    from narrowgate_ingest.recorded import Recording

    with fleet_of(fleet, family) as known, Recording(readings, family, zone) as recording:
        yield known, recording


@contextmanager
def _of_home(
    root: Path, fleet: Path | None, family: "Family", zone: "ZoneInfo", span_us: tuple[int, int]
) -> "Iterator[tuple[Fleet, Recording]]":
    """Give a home's readings, with its registry or the fleet of a CSV; say from when on they are there."""
    from narrowgate_fleet import FleetReader
    from narrowgate_gateway.archive_now import archive_now
    from narrowgate_gateway.backtesting import fleet_of
    from narrowgate_gateway.settings import Home
    from narrowgate_ingest.recorded_home import HomeRecording

    home = Home(root)
    archive_now(home)
    with HomeRecording(home.archive, family, zone, span_us) as recording:
        span = recording.span()
        words = "no readings" if span is None else " to ".join(f"{at:%Y-%m-%dT%H:%MZ}" for at in span)
        click.echo(f"{family} of {root}: {words}", err=True)
        if fleet is None:
            yield FleetReader(home.registry).fleet, recording
            return
        with fleet_of(fleet, family) as known:
            yield known, recording
