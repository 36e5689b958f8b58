"""A district's frames in a journal of their own, and a core's pipeline over it, without listeners."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from narrowgate_codecs import PROFILES
from narrowgate_fleet import FleetReader, Registry, import_csv
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.pipeline import Pipeline, Stores
from narrowgate_ingest.quarantine import Quarantine
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_ingest.runner import Pace, Runner
from narrowgate_ingest.state import State
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_rules import OVERSTAY, RULES, Engine
from narrowgate_rules.columns import Columns
from narrowgate_rules.declaration import Rule
from narrowgate_rules.episodes import Outcome
from narrowgate_schema.words import Family
from narrowgate_simulators import City, Emission

ZONE = ZoneInfo("Asia/Shanghai")
START_US = 1_772_380_800_000_000
"""2026-03-02, 00:00 in Yingtan."""
_BATCH = 2000
_DRAIN_S = 3600.0


def journal_district(root: Path, seed: int, devices: int, frames: int) -> int:
    """Write registry and journal of a district into an empty directory; give the frames journalled.

    Args:
        root: the directory.
        seed: of the district.
        devices: how many.
        frames: journalled at least, in whole steps, with a tick each.
    """
    city = City(seed, devices, START_US, 24.0 * 14)
    sheet = root / "fleet.csv"
    city.write_fleet(sheet)
    families = {name: profile.family.value for name, profile in PROFILES.items()}
    with Registry(root) as registry, sheet.open("rb") as opened:
        import_csv(registry, opened, families)
    kept = 0
    with closing(Journal(root / "journal")) as journal:
        for step in city.steps():
            entries = [(Kind.TICKS, _tick(step.instant_us))]
            for start in range(0, len(step.emissions), _BATCH):
                part = step.emissions[start : start + _BATCH]
                entries.append((Kind.UPLINKS, _uplinks(part, step.instant_us)))
            journal.append(entries)
            kept += len(step.emissions)
            if kept >= frames:
                break
    return kept


def _uplinks(emissions: list[Emission], instant_us: int) -> pa.RecordBatch:
    count = len(emissions)
    told: dict[str, list[object]] = {
        "received_at": [instant_us] * count,
        "transport": ["coap"] * count,
        "listener": ["coap"] * count,
        "path": [each.path for each in emissions],
        "claimed_device": [each.device for each in emissions],
        "tenant": [""] * count,
        "endpoint": ["127.0.0.1:40000"] * count,
        "message_id": list(range(count)),
        "token": [each.sequence.to_bytes(4, "big") for each in emissions],
        "confirmable": [True] * count,
        "dup": [False] * count,
        "payload": [each.payload for each in emissions],
    }
    schema = on_disk_schema(Kind.UPLINKS)
    arrays = [pa.array(told.get(field.name, [None] * count), field.type) for field in schema]
    return pa.record_batch(arrays, schema=schema)


def _tick(instant_us: int) -> pa.RecordBatch:
    told = {"time": [instant_us], "jump_s": [0.0], "synchronised": [True]}
    schema = on_disk_schema(Kind.TICKS)
    return pa.record_batch([pa.array(told[each.name], each.type) for each in schema], schema=schema)


class Core:
    """Stores and pipeline of one home over a district's journal and registry."""

    def __init__(
        self, district: Path, home: Path, *, batch_rows: int = 32_768, rules: Sequence[Rule] = RULES
    ) -> None:
        """Open everything; nothing is read yet.

        Args:
            district: what `journal_district` filled.
            home: an empty directory for the stores.
            batch_rows: journal rows of a batch, at most.
            rules: that judge.
        """
        self.home = home
        self.stores = Stores(
            State(home / "state.db"), Telemetry(home / "telemetry.duckdb"), Quarantine(home / "quarantine")
        )
        tail = Tail(district / "journal")
        engine = Engine(rules, timezone=ZONE)
        self.pipeline = Pipeline(tail, FleetReader(district / "registry"), self.stores, engine, timezone=ZONE)
        pace = Pace(batch_rows=batch_rows, snapshot_every_s=5.0, drain_s=_DRAIN_S, keep_bytes=1 << 60)
        self.runner = Runner(self.pipeline, tail, pace)

    def work_off(self) -> float:
        """Take all of the journal through; give how long it took [s]."""
        began_s = time.perf_counter()
        self.runner.stop()
        self.runner.run()
        return time.perf_counter() - began_s

    def close(self) -> None:
        """Close the stores."""
        self.stores.telemetry.close()
        self.stores.quarantine.close()
        self.stores.state.close()


def poisoned_rules(district: Path, devices: int) -> tuple[Rule, ...]:
    """Give the rules, one of which raises on whatever some bays of a district say.

    Args:
        district: what `journal_district` filled.
        devices: how many bays.
    """
    fleet = FleetReader(district / "registry").fleet
    bays = np.flatnonzero(fleet.column("family") == Family.PARKING.value)[:devices]

    def judge(columns: Columns) -> Outcome:
        if np.isin(columns.fleet_slot[columns.group], bays).any():
            raise FloatingPointError("the benchmark's own fault")
        return OVERSTAY.judge(columns)

    return tuple(replace(rule, judge=judge) if rule is OVERSTAY else rule for rule in RULES)


_INFLUX = """\
reporting-disabled = true
bind-address = "127.0.0.1:{inner}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
"""


@contextmanager
def influxd(folder: Path, port: int, inner: int) -> Iterator[str]:
    """Run an InfluxDB 1.x of its own while the block runs, and give its URL.

    Raises:
        FileNotFoundError: there is no influxd here: Debian's influxdb has it.
    """
    folder.mkdir()
    config = folder / "influxdb.conf"
    config.write_text(_INFLUX.format(folder=folder, port=port, inner=inner), encoding="utf-8")
    with ExitStack() as ending:
        process = subprocess.Popen(  # noqa: S603 - the program that was asked for
            ["influxd", "run", "-config", str(config)],  # noqa: S607 - where the system has it
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "GOMAXPROCS": "2"},
        )
        ending.callback(process.wait)
        ending.callback(process.kill)
        yield f"http://127.0.0.1:{port}"
