"""`narrowgate backtest`: what rules would have raised on recorded readings."""

import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from narrowgate_schema.families import DECLARED

_EPISODE = ("finding", "rule", "severity", "device", "series", "asset")
_COLUMNS = (*_EPISODE, "state", "raised_at", "cleared_at", "evidence")
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.option("--readings", type=_FILE, required=True, help="CSV or Parquet; columns as in docs/fields.md.")
@click.option("--family", type=click.Choice(tuple(DECLARED)), required=True, help="Whose readings they are.")
@click.option("--fleet", type=_FILE, help="The registry's CSV; without it every threshold is the default.")
@click.option("--rules", type=_FILE, help="TOML: rules of your own, and thresholds of ours.")
@click.option("--diff", type=_FILE, help="A second file of rules: only the differences are written.")
@click.option("--out", type=click.Path(dir_okay=False, allow_dash=True), default="-", help="CSV of episodes.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="Of times without a zone.")
@click.option(
    "--causes",
    is_flag=True,
    help="What the desk would be told: one finding of a group that is out, not each.",
)
@click.option(
    "--column", "columns", multiple=True, metavar="OURS=THEIRS", help="A column under another name."
)
def command(
    readings: Path,
    family: str,
    fleet: Path | None,
    rules: Path | None,
    diff: Path | None,
    out: str,
    timezone: str,
    causes: bool,
    columns: tuple[str, ...],
) -> None:
    """Run rules over recorded readings, as live, and write the episodes that they find.

    Readings need the columns device and time, and what the rules judge, such as volume_m3. They are sorted by
    time (by received_at where there is one); the file may be larger than memory. Nothing is stored anywhere.

    \b
    Example:
      narrowgate backtest --readings winter.parquet --family water --out found.csv
      narrowgate backtest --readings w.csv --family water --rules now.toml --diff stricter.toml
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    from zoneinfo import ZoneInfo, available_timezones

    from narrowgate_gateway.backtesting import BacktestFault, engine_of, fleet_of
    from narrowgate_ingest.backtest import difference, run
    from narrowgate_ingest.recorded import Recording, RecordingFault
    from narrowgate_schema.words import Family

    if timezone not in available_timezones():
        raise click.UsageError(f"--timezone {timezone!r}: wants an IANA time zone such as Asia/Shanghai")
    zone, kind = ZoneInfo(timezone), Family(family)
    try:
        files = (rules, diff) if diff is not None else (rules,)
        engines = [engine_of(path, kind, zone, grouped=causes) for path in files]
        with (
            fleet_of(fleet, kind) as fleet_columns,
            Recording(readings, kind, zone, _renamed(columns)) as recording,
        ):
            with _progress(recording.count()) as step:
                now_us = time.time_ns() // 1000
                found = run(recording, engines, fleet_columns, now_us, step, causes=causes)
            spoilt = recording.spoilt
    except (BacktestFault, RecordingFault) as fault:
        raise click.ClickException(str(fault)) from None
    before = found[0].episodes()
    told = [("", row) for row in before] if diff is None else difference(before, found[1].episodes())
    _write(out, told, is_diff=diff is not None, with_members=causes)
    _say(told, spoilt.rows, spoilt.cells, spoilt.named)


def _renamed(columns: tuple[str, ...]) -> dict[str, str]:
    pairs = [column.partition("=") for column in columns]
    if any(not ours or not theirs for ours, _, theirs in pairs):
        raise click.UsageError("--column wants OURS=THEIRS, such as --column time=timestamp")
    return {theirs: ours for ours, _, theirs in pairs}


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=rows, label="judging", file=sys.stderr) as bar:
        yield bar.update


def _write(out: str, told: list[tuple[str, dict[str, Any]]], *, is_diff: bool, with_members: bool) -> None:
    names = (*(("change",) if is_diff else ()), *_COLUMNS, *(("members",) if with_members else ()))
    with click.open_file(out, "w", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {**row, **_instants(row), "change": change, "members": " ".join(row["members"])}
            for change, row in told
        )


def _instants(row: dict[str, Any]) -> dict[str, str]:
    names = ("raised_at", "cleared_at")
    return {name: "" if row[name] is None else row[name].isoformat().replace("+00:00", "Z") for name in names}


def _say(told: list[tuple[str, dict[str, Any]]], rows: int, cells: int, named: list[str]) -> None:
    counts = Counter(f"{change} {row['rule']}".strip() for change, row in told)
    summary = {
        "episodes": dict(sorted(counts.items())),
        "rows_left_out": rows,
        "cells_taken_for_missing": cells,
    }
    click.echo(json.dumps(summary, ensure_ascii=False), err=True)
    for line in named:
        click.echo(f"narrowgate: {line}", err=True)
