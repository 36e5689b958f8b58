"""`narrowgate bench`: the benchmarks, each side by side with its peer in one run."""

import importlib
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import click

BENCHMARKS: dict[str, str] = {
    "coap": "acknowledged uplinks on one core: the edge, libcoap's example server, aiocoap",
    "codecs": "frames to columns: plan, construct, a struct loop, Kaitai Struct",
    "console": "acknowledgements while the console is hammered; starts; the core's memory",
    "flood": "hostile datagrams beside honest devices: latency, drops, memory, quarantine, CPU of each kind",
    "recall": "faults of a pretend district: found, falsely found, how soon; with reports lost",
    "ingest": "frames decoded, judged and stored; line protocol; into InfluxDB; how soon a frame is a point",
    "memory": "edge and core with 100 000 devices: their memory, phase after phase",
    "rules": "readings judged: live, one by one, in backtest; the leak rule in SQL, row by row",
}
_MODULES = {"console": "console_pressure", "flood": "coap_flood", "memory": "fleet_memory"}
"""Modules whose name is not their benchmark's."""


@click.command("bench")
@click.argument("benchmark", type=click.Choice(sorted(BENCHMARKS)))
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object: rows with the raw figures of all runs."
)
@click.option(
    "--runs", type=click.IntRange(1, 1000), default=7, show_default=True, help="Runs of each figure."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the frames.")
@click.option(
    "--frames",
    type=click.IntRange(1, 1 << 20),
    default=None,
    help="Most frames, or readings, of a batch or a phase; each benchmark has its own.",
)
def command(benchmark: str, as_json: bool, runs: int, seed: int, frames: int | None) -> None:
    """Measure, and judge nothing: figures and peers' figures are medians of runs taken in turn.

    \b
    coap      confirmable uplinks from 512 sockets, servers on one core in turn: CPU of an acknowledgement,
              acknowledgements a second, latency at 5 000/s (needs coap-server-notls: Debian's libcoap3-bin)
    codecs    frames to columns: plan, construct, a struct loop, Kaitai Struct
              (Kaitai Struct where its runtime is installed: pip install 'narrowgate[bench]')
    console   acknowledgements at 2 000 frames/s while 20 clients ask the console, and while none does
              (five phases of each a run, of at most 4 000 frames, in turn); edge and core from nothing to
              ready with 10 000 devices; the core's memory, idle and with 60 pages open
    flood     honest devices at 5 000/s alone and beside hostile datagrams at 100 000/s, 200 000/s, 400 000/s
              and as fast as goes (--runs of --frames each): latency, repeats, kernel drops, memory of edge
              and core, quarantine beside its quota, acknowledged and kept; CPU of the edge by kind
    recall    every kind of fault in four days of 900 pretend devices: share found and false findings, time to
              detect and the latest that is right, days of meters that can be judged; again with a sixth
              of the reports lost (a run is a district, --frames its most devices; some minutes each)
    ingest    a district's frames from the journal to DuckDB, by the core's own runner, and again while a rule
              raises on ten bays; readings as line protocol (beside influxdb_client where it is installed);
              into an InfluxDB 1.x started for it (Debian's influxdb), beside a bare loop of ready-made
              bodies; frame to queryable point
    memory    a gateway with 100 000 devices that report over CoAP: resident and proportional memory of edge
              and core when ready and after each phase (--runs of --frames each), all of it stored by then
    rules     all water rules over hourly readings of 100 000 meters, beside the leak rule in DuckDB; memory,
              restore, a batch of one, 10 000 readings of a million devices; a year of 1 000 meters from
              Parquet (row by row too, where the tests are at hand: PYTHONPATH=tests)

    \b
    Example:
      narrowgate bench codecs
      narrowgate bench codecs --json --runs 3 > codecs.json
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    # By name: the benchmarks stand above the gateway, which must not import them.
    module = importlib.import_module(f"narrowgate_bench.{_MODULES.get(benchmark, benchmark)}")
    most = () if frames is None else (frames,)
    measured: Iterator[dict[str, Any]] = module.rows(seed, runs, *most)
    if as_json:
        click.echo(json.dumps({"rows": list(_watched(measured))}))
        return
    for row in measured:
        click.echo(line_of(row))


def line_of(row: dict[str, Any]) -> str:
    """Give a row as a line to read: the figure, its peer's, and how many times that is."""
    times = row["figure"] / row["peer_figure"] if row["peer_figure"] else math.inf
    figures = f"{_said(row['figure'])} {row['unit']}, {row['peer']} {_said(row['peer_figure'])}"
    return f"{row['name']}: {figures} ({times:.3g} times)"


def _said(figure: float) -> str:
    """Give a figure in words: small ones with their fractions."""
    return f"{figure:,.2f}" if abs(figure) < 100 else f"{figure:,.0f}"


def _watched(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the rows and, to whoever waits at a terminal, their names as they come."""
    for row in rows:
        if sys.stderr.isatty():
            click.echo(row["name"], err=True)
        yield row
