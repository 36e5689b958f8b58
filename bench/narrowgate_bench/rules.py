"""The rules over hourly readings of water meters: live, in backtest, and beside the leak rule in SQL."""

import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from narrowgate_bench.codecs import Line
from narrowgate_bench.rules_district import START_US, Registry, batch, hours, names, record, shuffled
from narrowgate_ingest.backtest import run
from narrowgate_ingest.recorded import Recording
from narrowgate_rules import CONTINUOUS_LEAK, RULES, Engine, Rule, Ticks
from narrowgate_schema.words import Family

METERS = 100_000
TIMES_MORE = 100
"""Devices known for each that reports."""
YEAR_METERS, YEAR_H = 1000, 8784
_HOURS = 30
_YEAR_OF = METERS // YEAR_METERS
"""Meters of a batch for each of the year."""
_WARM = 5
"""Batches before the clock runs."""
_FEW_H, _FEW_METERS = 168, 500
_YEAR_LATER_US = START_US + 2 * YEAR_H * 3_600_000_000
_SQL = "DuckDB: the leak rule in SQL over the whole table, one thread"
_LEAKS = """
SELECT device, min(time) AS since, max(time) AS until, count(*) AS flowing
FROM (
    SELECT device, time, dry, count(*) FILTER (dry) OVER (PARTITION BY device ORDER BY time) AS run
    FROM (
        SELECT device, time,
            coalesce(time - lag(time) OVER meter > INTERVAL 6 HOURS
                OR round((volume_m3 - lag(volume_m3) OVER meter) * 1000) < 12, true) AS dry
        FROM readings
        WINDOW meter AS (PARTITION BY device ORDER BY time)
    )
)
WHERE NOT dry
GROUP BY device, run
HAVING count(*) >= 24
"""
"""The same question: no hour below 0.012 m3 in 24 h, no hole over 6 h."""
_TWIN = "rules_twin"


def rows(seed: int, runs: int, most_meters: int = METERS) -> Iterator[dict[str, Any]]:
    """Give the table's rows as they are measured: CPU time, but of the year the time that passed.

    Args:
        seed: of the registers and of the order in which meters come.
        runs: how often each figure is taken.
        most_meters: readings of a batch.
    """
    meters = min(most_meters, METERS)
    batches = shuffled(seed, meters, _HOURS)
    for line in (*_live(meters, batches, runs), *_kept(meters, batches, runs)):
        yield asdict(line)
    yield asdict(_fleets(meters // 10, in_a_row=True, runs=runs))
    yield asdict(_fleets(meters // 10, in_a_row=False, runs=runs))
    if importlib.util.find_spec(_TWIN) is not None:
        yield asdict(_beside_the_twin(seed, runs))
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder:
        of_year = min(YEAR_METERS, max(most_meters // _YEAR_OF, 1))
        yield asdict(_year(Path(folder) / "year.parquet", seed, runs, of_year))


def water_pack() -> tuple[Rule, ...]:
    """Give all rules of water meters."""
    return tuple(rule for rule in RULES if rule.family is Family.WATER)


def _live(meters: int, batches: Sequence[pa.RecordBatch], runs: int) -> Iterator[Line]:
    """Give readings a second, batch after batch, beside the whole table at once."""
    readings = (len(batches) - _WARM) * meters
    sets = ((f"all {len(water_pack())} rules", water_pack()), ("continuous leak alone", (CONTINUOUS_LEAK,)))
    for name, rules in sets:
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(runs):
            engine = Engine(rules)
            _judge(engine, batches[:_WARM], meters)
            ours.append(readings / sum(_judge(engine, batches[_WARM:], meters)))
            theirs.append(len(batches) * meters / _cpu_s(lambda: _in_sql(batches)))
        yield _line(f"{name}, hourly readings of {meters}, a batch an hour", "readings/s", ours, _SQL, theirs)


def _kept(meters: int, batches: Sequence[pa.RecordBatch], runs: int) -> Iterator[Line]:
    """Give the cost of one reading, of the memory, and of taking it up again."""
    engine = Engine(water_pack())
    _judge(engine, batches, meters)
    image = engine.snapshot()
    restores = [_cpu_s(lambda: Engine(water_pack()).restore(image)) for _ in range(runs)]
    writes = [_cpu_s(lambda: engine.snapshot()) for _ in range(runs)]
    yield _line(f"restore of {meters} devices", "s", restores, "snapshot", writes)
    state = sum(
        np.dtype(column.dtype).itemsize * column.width for rule in water_pack() for column in rule.state
    )
    yield _line("memory of a device", "bytes", [len(image) / meters], "state columns alone", [float(state)])
    device = names([meters // 2])
    singles = [batch(device, _HOURS + n, np.array([1e3 + n])) for n in range(100 * runs)]
    alone = [1e3 * cpu_s for cpu_s in _judge(engine, singles, meters)]
    among = 1e3 * statistics.median(_judge(Engine(water_pack()), batches, meters)) / meters
    yield _line("a batch of one reading", "ms", alone, f"a reading among {meters}", [among])


def _fleets(readings: int, *, in_a_row: bool, runs: int) -> Line:
    """Give what the same readings cost where a hundred times as many devices are known."""
    took: list[list[float]] = []
    for known in (TIMES_MORE * readings, readings):
        engine, firsts = Engine(water_pack()), range(0, known, METERS)
        all_known = [names(range(first, min(known, first + METERS))) for first in firsts]
        _judge(engine, [batch(some, 0, np.zeros(len(some))) for some in all_known], known)
        numbers = np.arange(readings) if in_a_row else np.arange(readings) * (known // readings)
        device = names(np.random.default_rng(1).permutation(numbers))
        made = [batch(device, hour, np.full(readings, hour * 0.02)) for hour in range(1, _WARM + 10 * runs)]
        took.append([1e3 * cpu_s for cpu_s in _judge(engine, made, known)[_WARM:]])
    where = "those first heard of report" if in_a_row else "every hundredth of them reports"
    name = f"{readings} readings where {TIMES_MORE * readings} devices are known, {where}"
    return _line(name, "ms", took[0], f"where {readings} are", took[1])


def _beside_the_twin(seed: int, runs: int) -> Line:
    """Give the leak rule beside its row-by-row reading, which the tests hold it against."""
    twin, row = importlib.import_module(_TWIN).continuous_leak, importlib.import_module("rules_rows").Row
    device, registers = names(range(_FEW_METERS)), list(hours(seed, _FEW_METERS, _FEW_H))
    whole = pa.Table.from_batches([batch(device, hour, one) for hour, one in enumerate(registers)])
    [readings] = whole.combine_chunks().to_batches()
    arrivals = [
        row(
            hour * _FEW_METERS + n, f"m{n:07d}", START_US + hour * 3_600_000_000, {"volume_m3": float(volume)}
        )
        for hour, one in enumerate(registers)
        for n, volume in enumerate(one)
    ]
    count, registry = len(arrivals), Registry(_FEW_METERS)
    ours = [
        count
        / _cpu_s(lambda: Engine([CONTINUOUS_LEAK]).judge({Family.WATER: readings}, Ticks.none(), registry))
        for _ in range(runs)
    ]
    theirs = [count / _cpu_s(lambda: twin(arrivals)) for _ in range(runs)]
    name = f"continuous leak, {_FEW_H} h of {_FEW_METERS} meters in one batch"
    return _line(name, "readings/s", ours, "row by row", theirs)


def _year(path: Path, seed: int, runs: int, meters: int) -> Line:
    record(path, seed, meters, YEAR_H)
    ours, theirs = [], []
    for _ in range(runs):
        started = time.perf_counter()
        with Recording(path, Family.WATER, ZoneInfo("UTC")) as recording:
            run(recording, [Engine(water_pack())], Registry(meters), _YEAR_LATER_US)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        _queried(f"CREATE VIEW readings AS SELECT * FROM read_parquet('{path}')", None)  # noqa: S608
        theirs.append(time.perf_counter() - started)
    name = f"backtest of all rules over a year of {meters} hourly meters from Parquet"
    return _line(name, "s", ours, _SQL, theirs)


def _judge(engine: Engine, batches: Sequence[pa.RecordBatch], meters: int) -> list[float]:
    """Judge batch after batch; give the CPU time of each [s]."""
    registry, took = Registry(meters), []
    for one in batches:
        started = time.process_time()
        engine.judge({Family.WATER: one}, Ticks.none(), registry)
        took.append(time.process_time() - started)
    return took


def _in_sql(batches: Sequence[pa.RecordBatch]) -> int:
    table = pa.Table.from_batches(batches).select(["device", "time", "volume_m3"])
    return _queried("CREATE VIEW readings AS SELECT * FROM given", table)


def _queried(view: str, given: pa.Table | None) -> int:
    with duckdb.connect() as database:
        database.execute("SET threads = 1")
        if given is not None:
            database.register("given", given)
        database.execute(view)
        return int(database.sql(_LEAKS).to_arrow_table().num_rows)


def _cpu_s(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return max(time.process_time() - started, sys.float_info.min)


def _line(name: str, unit: str, ours: list[float], peer: str, theirs: list[float]) -> Line:
    return Line(name, statistics.median(ours), unit, peer, statistics.median(theirs), ours, theirs)
