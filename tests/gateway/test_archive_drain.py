"""An InfluxDB that is away for longer than journal and telemetry keep is sent all from the archive, fast."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from gateway_home import make_home
from influx_bare import bare_bodies, posted, rss_mb
from influx_stand import BEGIN_US, QUICK, Influxd, arrives, running, sending
from narrowgate_fleet import FleetReader
from narrowgate_gateway.archive_settings import Archive
from narrowgate_gateway.archiving import Archiving
from narrowgate_gateway.settings import Home
from narrowgate_ingest.influx_store import InfluxStore
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.pipeline import Pipeline, Stores
from narrowgate_ingest.quarantine import Quarantine
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_ingest.retention import newest_let_go
from narrowgate_ingest.runner import Pace, Runner
from narrowgate_ingest.state import State
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_rules import RULES, Engine
from narrowgate_schema.words import Family
from needs import long
from uplinks import tick_batch

READINGS = 5_000_000
DEVICES = 10_000
STEP = 20_000
DAYS = 20
STEP_US = DAYS * 86_400_000_000 * STEP // READINGS
TURNS = 5
KEPT_BYTES = 32 << 20
MOST_GROWTH_MB = 120
UTC = ZoneInfo("UTC")
FLEET = "device,profile,state\n" + "".join(f"bay-{n:05d},pni_placepod_v1,active\n" for n in range(DEVICES))
NAMES = pa.array([f"bay-{n:05d}" for n in range(DEVICES)])


class Stands:
    """A clock that stands behind all."""

    def now_us(self) -> int:
        """Give the instant."""
        return BEGIN_US + DAYS * 86_400_000_000


def bays(first: int) -> pa.RecordBatch:
    """Give frames of bays in turn, without a loop over them; some cars come and go."""
    frames = np.arange(first, first + STEP)
    turn = frames // DEVICES
    is_there = (turn // 50 + frames) % 2 == 0
    states = pa.array([bytes.fromhex("156600"), bytes.fromhex("156601")], pa.binary())
    told = {
        "received_at": pa.array(BEGIN_US + frames * (STEP_US // STEP)),
        "transport": pa.repeat(pa.scalar("coap"), STEP),
        "listener": pa.repeat(pa.scalar("coap"), STEP),
        "path": pa.repeat(pa.scalar("nb/bay/up"), STEP),
        "claimed_device": NAMES.take(pa.array(frames % DEVICES)),
        "tenant": pa.repeat(pa.scalar(""), STEP),
        "endpoint": pa.repeat(pa.scalar("127.0.0.1:40000"), STEP),
        "message_id": pa.array(frames & 0xFFFF),
        "token": pa.repeat(pa.scalar(b"\0"), STEP),
        "confirmable": pa.repeat(pa.scalar(value=True), STEP),
        "dup": pa.repeat(pa.scalar(value=False), STEP),
        "payload": states.take(pa.array(is_there.astype(np.int64))),
    }
    schema = on_disk_schema(Kind.UPLINKS)
    arrays = [told[f.name].cast(f.type) if f.name in told else pa.nulls(STEP, f.type) for f in schema]
    return pa.record_batch(arrays, schema=schema)


class Way:
    """Journal, pipeline, archive and retention of a home, as a core assembles them."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.journal = Journal(home.journal, segment_bytes=8 << 20)
        self.telemetry = Telemetry(home.telemetry)
        self._stores = Stores(State(home.state), self.telemetry, Quarantine(home.quarantine))
        fleet, tail = FleetReader(home.registry), Tail(home.journal)
        pipeline = Pipeline(tail, fleet, self._stores, Engine(RULES, timezone=UTC), timezone=UTC)
        self.runner = Runner(pipeline, tail, Pace(32_768, 0.5, 3600.0, KEPT_BYTES))
        options = Archive(part_rows=500_000)
        self.archive = Archiving(options, home, pipeline, self.runner, lambda: fleet.fleet, Stands())

    def store(self, server: Influxd) -> InfluxStore:
        """Give a store that follows, and that nothing is let go of for but what the archive keeps for it."""
        store = InfluxStore(
            server.target(), self.telemetry, self.home.state, self.home.quarantine, patience=QUICK
        )
        self.archive.keep(dict.fromkeys(Family, 1), 0, store)
        return store

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Run pipeline and archive while a block runs."""
        working = threading.Thread(target=self.runner.run)
        working.start()
        self.archive.start()
        try:
            yield
        finally:
            self.runner.stop()
            working.join()
            self.archive.stop()

    def close(self) -> None:
        """Close all files."""
        self.journal.close()
        self.telemetry.close()
        self._stores.quarantine.close()
        self._stores.state.close()


def drained(way: Way, server: Influxd, until: int) -> tuple[int, int, float]:
    """Have a store send up to an offset and end; give from where to where, and how long it took [s]."""
    began_s = perf_counter()
    with sending(way.store(server)) as store:
        first = store.cursor
        assert arrives(lambda: store.cursor >= until, within_s=3600)
    assert store.points_refused == 0
    return first, store.cursor, perf_counter() - began_s


@long
@pytest.mark.timeout(7200)
def test_a_server_that_was_away_is_sent_all_from_the_archive(tmp_path: Path) -> None:
    """Trimmed and let go of meanwhile: each reading arrives, and memory does not grow with what waited."""
    server, home = Influxd(tmp_path), make_home(tmp_path / "home", FLEET)
    way = Way(home)
    own, bare = [], []
    with closing(way), way.at_work():
        with sending(way.store(server)) as store:
            for first in range(0, READINGS, STEP):
                tick = tick_batch(BEGIN_US + (first + STEP) * (STEP_US // STEP))
                way.journal.append([(Kind.UPLINKS, bays(first)), (Kind.TICKS, tick)])
                assert arrives(lambda: way.runner.done > way.journal.end - 20 * STEP)
            end = way.journal.end
            assert arrives(lambda: way.runner.done == end, within_s=3600)
            assert arrives(lambda: store.trouble != "")
            assert arrives(lambda: newest_let_go(way.telemetry) > 0.9 * end, within_s=3600)
        boundary, before_mb = newest_let_go(way.telemetry), rss_mb()
        with running(server):
            server.ask("CREATE DATABASE bare")
            for turn in range(1, TURNS + 1):
                # In turn, so that what else the machine does falls on both.
                start, until, took_s = drained(way, server, boundary * turn // TURNS)
                bodies, lines = bare_bodies(way.telemetry, start, (until - start) // 4)
                own.append((until - start, took_s))
                bare.append((lines, posted(server, bodies)))
            grown_mb = rss_mb() - before_mb
            drained(way, server, end)
            [row] = server.rows("SELECT count(occupied) AS n FROM parking")
    own_per_s, bare_per_s = (sum(n for n, _ in each) / sum(s for _, s in each) for each in (own, bare))
    print(f"\n{boundary} of {end} rows let go of; journal from {Tail(home.journal).start()}")  # noqa: T201
    print(f"drained {own_per_s:,.0f}/s, bare {bare_per_s:,.0f}/s, {own_per_s / bare_per_s:.2f}")  # noqa: T201
    print(f"grown {grown_mb:.0f} MB")  # noqa: T201

    assert Tail(home.journal).start() > boundary // 2
    assert row["n"] == READINGS
    assert grown_mb < MOST_GROWTH_MB
