"""`narrowgate figures`: water balances and parking figures of places, out of recorded readings."""

import csv
import time
from pathlib import Path
from typing import Any

import click

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.option("--readings", type=_FILE, required=True, help="CSV or Parquet; columns as in docs/fields.md.")
@click.option("--family", type=click.Choice(["water", "parking"]), required=True, help="Of the readings.")
@click.option("--fleet", type=_FILE, required=True, help="The registry's CSV: zones, roles, intervals.")
@click.option("--by", type=click.Choice(["zone", "street", "asset"]), default="zone", show_default=True)
@click.option("--every", type=click.Choice(["hour", "day"]), default="day", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, allow_dash=True), default="-", help="CSV of figures.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="The city's.")
def command(readings: Path, family: str, fleet: Path, by: Any, every: Any, out: str, timezone: str) -> None:
    """Reckon what each period brought to each place; an empty cell is not evaluable, -1 is unheard.

    \b
    water     input, metered, loss [m3] and non-revenue water [%] of each district: needs inlets by `role`
    parking   sessions, turnover, dwell and occupancy of each bay, block (street) or zone

    \b
    Example:
      narrowgate figures --readings bays.parquet --family parking --fleet fleet.csv --by street --every hour
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    from zoneinfo import ZoneInfo, available_timezones

    from narrowgate_gateway.backtesting import BacktestFault, fleet_of
    from narrowgate_gateway.figuring import figures
    from narrowgate_ingest.recorded import Recording, RecordingFault
    from narrowgate_schema.words import Family

    if timezone not in available_timezones():
        raise click.UsageError(f"--timezone {timezone!r}: wants an IANA time zone such as Asia/Shanghai")
    zone, kind = ZoneInfo(timezone), Family(family)
    try:
        with fleet_of(fleet, kind) as known, Recording(readings, kind, zone) as recording:
            rows = list(figures(recording, known, by, every, zone, time.time_ns() // 1000))
    except (BacktestFault, RecordingFault) as fault:
        raise click.ClickException(str(fault)) from None
    with click.open_file(out, "w", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]) if rows else ["from"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
