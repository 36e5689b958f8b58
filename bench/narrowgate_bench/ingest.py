"""Behind the journal: frames decoded, judged and stored; readings as line protocol, and in InfluxDB."""

import importlib.util
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from narrowgate_bench.codecs import Line
from narrowgate_bench.ingest_district import ZONE, Core, influxd, journal_district, poisoned_rules
from narrowgate_bench.ingest_influx import (
    Server,
    into_influxdb,
    line,
    till_queryable,
    till_queryable_from_device,
    timed,
)
from narrowgate_codecs import Context
from narrowgate_codecs.decode import decode_by_row
from narrowgate_fleet import FleetReader
from narrowgate_ingest.follower import Follower
from narrowgate_ingest.influx_points import points_of
from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_rules import RULES
from narrowgate_schema.fields import fields_of
from narrowgate_schema.tables import READINGS, SESSIONS
from narrowgate_schema.words import Family
from narrowgate_simulators.ports import free_tcp_port

FRAMES = 400_000
FRAMES_A_DEVICE = 20
_PEER_FRAMES = 2000
_BAD_DEVICES = 10
_PACED_FRAMES = 10_000


def rows(seed: int, runs: int, most_frames: int = FRAMES) -> Iterator[dict[str, Any]]:
    """Give the table's rows as they are measured, by the time that passed.

    Args:
        seed: of the district.
        runs: how often each figure is taken.
        most_frames: of the journal, about; few leave out the row that has a whole gateway run.
    """
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder:
        root = Path(folder)
        district = root / "district"
        district.mkdir()
        frames = journal_district(district, seed, max(10, most_frames // FRAMES_A_DEVICE), most_frames)
        yield from map(asdict, _into_duckdb(root, district, frames, runs))
        yield asdict(_poisoned(root, district, frames, runs))
        home = root / "core 0"
        if importlib.util.find_spec("influxdb_client") is not None:
            yield asdict(_as_lines(home, runs))
        if shutil.which("influxd") is not None:
            with influxd(root / "influx", port := free_tcp_port(), free_tcp_port()) as url:
                server = Server(url, port)
                server.begin()
                yield asdict(into_influxdb(home, server, runs))
                yield asdict(till_queryable(root, district, server, min(most_frames, _PACED_FRAMES)))
                if most_frames >= _PACED_FRAMES:
                    yield asdict(till_queryable_from_device(root, seed, server, _PACED_FRAMES))


def _into_duckdb(root: Path, district: Path, frames: int, runs: int) -> list[Line]:
    """Compare the core with a loop over the same frames that judges nothing, and with DuckDB alone."""
    own: list[float] = []
    peer: list[float] = []
    own_cpu_us: list[float] = []
    duckdb_cpu_us: list[float] = []
    for number in range(runs):
        home = root / f"core {number}"
        home.mkdir()
        with closing(Core(district, home)) as core:
            began_s = time.process_time()
            own.append(frames / core.work_off())
            own_cpu_us.append((time.process_time() - began_s) / frames * 1e6)
            stored = core.stores.telemetry
            readings = {family: _readings(stored, family, 2 * frames) for family in Family}
        duckdb_cpu_us.append(_appended_cpu_s(root / f"bare {number}.duckdb", readings) / frames * 1e6)
        peer.append(_frame_by_frame(district, root / f"peer {number}.duckdb"))
    return [
        line("frames decoded, judged, in DuckDB", "frames/s", "construct by the frame, unjudged", own, peer),
        line("processor time of a frame", "us", "DuckDB's append of its readings", own_cpu_us, duckdb_cpu_us),
    ]


def _appended_cpu_s(path: Path, readings: dict[Family, pa.RecordBatch]) -> float:
    """Give the processor time that DuckDB takes for all readings in one go [s]."""
    with closing(Telemetry(path)) as telemetry:
        began_s = time.process_time()
        telemetry.write(readings, _none(), 0, 1)
        return time.process_time() - began_s


def _poisoned(root: Path, district: Path, frames: int, runs: int) -> Line:
    """Compare the core while a rule raises on all that ten bays say with the same core while none does."""
    kinds = {"poisoned": poisoned_rules(district, _BAD_DEVICES), "sound": RULES}
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(runs):
        for kind, rules in kinds.items():
            home = root / f"{kind} {number}"
            home.mkdir()
            with closing(Core(district, home, rules=rules)) as core:
                took[kind].append(frames / core.work_off())
            shutil.rmtree(home)
    name = f"a rule raises on {_BAD_DEVICES} bays"
    return line(name, "frames/s", "no rule raises", took["poisoned"], took["sound"])


def _frame_by_frame(district: Path, path: Path) -> float:
    """Give the frames a second of a loop that reads each by construct and appends the readings."""
    reader, tail = FleetReader(district / "registry"), Tail(district / "journal")
    chunk = tail.read(tail.start(), _PEER_FRAMES)
    uplinks = pa.Table.from_batches([batch for kind, batch in chunk.records if kind is Kind.UPLINKS])
    uplinks = uplinks.slice(0, _PEER_FRAMES).combine_chunks().to_batches()[0]
    devices = uplinks["claimed_device"].to_pylist()
    slots = reader.fleet.slots(devices)
    profiles = [str(name) for name in reader.fleet.column("profile")[slots]]
    context = Context(devices=devices, profiles=profiles, timezone=ZONE)
    with closing(Telemetry(path)) as telemetry:
        began_s = time.perf_counter()
        made = decode_by_row(uplinks, context)
        telemetry.write(made.readings, _none(), 0, 1)
        return float(uplinks.num_rows) / (time.perf_counter() - began_s)


def _none() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], SESSIONS)


def _as_lines(home: Path, runs: int) -> Line:
    """Compare line protocol by the column with the client library's points."""
    from influxdb_client import Point

    with closing(Telemetry(home / "telemetry.duckdb")) as telemetry:
        rows = _readings(telemetry, Family.LIGHTING, 20_000)
    fields = fields_of(Family.LIGHTING)
    # The library's points know no instants but the point's own.
    names = [each.name for each in fields if each.kind != "key" and each.dtype != "timestamp"]
    said = [{name: row[name] for name in names if row[name] is not None} for row in rows.to_pylist()]
    keys = list(zip(*(rows[name].to_pylist() for name in ("device", "time")), strict=True))

    def by_point() -> None:
        for (device, at), row in zip(keys[:2000], said[:2000], strict=True):
            point = Point("lighting").tag("device", device).time(at)
            for name, value in row.items():
                point = point.field(name, value)
            point.to_line_protocol()

    own = [rows.num_rows / timed(lambda: points_of({Family.LIGHTING: rows}, "us")) for _ in range(runs)]
    peer = [min(2000, len(keys)) / timed(by_point) for _ in range(runs)]
    return line("readings as line protocol", "lines/s", "influxdb_client.Point", own, peer)


def _readings(telemetry: Telemetry, family: Family, count: int) -> pa.RecordBatch:
    follower = Follower(telemetry, telemetry.cursor, most_rows=count)
    parts: list[pa.RecordBatch] = []
    offset = 0
    while (part := follower.after(offset)) is not None and sum(each.num_rows for each in parts) < count:
        parts.append(part.readings[family])
        offset = part.until
    whole = pa.Table.from_batches(parts, READINGS[family]).combine_chunks().to_batches()
    return whole[0] if whole else pa.RecordBatch.from_pylist([], READINGS[family])
