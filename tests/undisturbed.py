"""What an undisturbed core makes of a journal, and what a core that fell left: tables to compare."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from influx_stand import Influxd
from ingest_line import Line
from narrowgate_fleet import FleetReader
from narrowgate_gateway.config import load
from narrowgate_gateway.demo_city import Stage
from narrowgate_gateway.practice import practice_of
from narrowgate_gateway.rule_files import engine_of
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family

Rows = list[dict[str, Any]]


def left_by_core(stage: Stage) -> dict[str, object]:
    """Give all that the stores of a home hold."""
    with closing(Line(stage.home.root, stage.home.journal)) as line:
        return _tables(line)


def of_its_journal(stage: Stage, place: Path, *, is_compacted: bool = False) -> dict[str, object]:
    """Give all that a core makes of a home's journal in one go.

    Args:
        stage: whose journal, registry and rules; its gateway has ended.
        place: a directory that is not there yet.
        is_compacted: readings without what does not show.
    """
    place.mkdir()
    shutil.copytree(stage.home.registry, place / "registry")
    settings = load(stage.config)
    with closing(Line(place, stage.home.journal)) as line:
        reader = FleetReader(place / "registry")
        line.engine = engine_of(settings)
        practice = practice_of(settings.desk, settings.zone, lambda: reader.fleet)
        line.pipeline = Pipeline(
            line.tail, reader, line.stores, line.engine, timezone=settings.zone, practice=practice
        )
        line.run(max_rows=1000)
        if is_compacted:
            compact_all(line.stores.telemetry)
        return _tables(line)


def _tables(line: Line) -> dict[str, object]:
    tables = line.outcome()
    ledger = line.ledger()
    # What the door said is another matter: a device that asks twice is answered twice.
    tables["ledger"] = (ledger.kept, ledger.dispositions, ledger.reasons, ledger.readings)
    return tables


def compact_all(telemetry: Telemetry) -> None:
    """Leave of each key what shows."""
    with telemetry.changing() as connection:
        connection.execute("UPDATE meta SET value = 0 WHERE name = 'compacted'")
    telemetry.stretch_frames = telemetry.cursor()
    telemetry.compact(telemetry.cursor())


def by_duckdb(stage: Stage) -> dict[Family, Rows]:
    """Give the readings as the embedded store merges them, without what they do not say."""
    with closing(Telemetry(stage.home.telemetry)) as telemetry:
        return {family: _merged(telemetry, family) for family in Family}


def by_influxdb(server: Influxd) -> dict[Family, Rows]:
    """Give the readings as InfluxDB has them."""
    return {family: _said(server.rows(f'SELECT * FROM "{family}"')) for family in Family}  # noqa: S608


def _merged(telemetry: Telemetry, family: Family) -> Rows:
    names = ", ".join(
        f'epoch_us("{field.name}") AS "{field.name}"' if field.dtype == "timestamp" else f'"{field.name}"'
        for field in fields_of(family)
    )
    return _said(telemetry.query(f"SELECT {names} FROM {family}").to_pylist())  # noqa: S608


def _said(rows: Rows) -> Rows:
    """Give rows without what they do not say, in one order."""
    said = [{name: value for name, value in row.items() if value not in (None, "")} for row in rows]
    return sorted(said, key=lambda row: (row["time"], row["device"], row.get("series", "")))
