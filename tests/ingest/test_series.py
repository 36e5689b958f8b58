"""Series questions have one answer, whichever store gives it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from influx_recorded import serving
from influx_stand import BEGIN_US, Core, Influxd, arrives, readings, running, sending
from narrowgate_ingest.influx_client import Target
from narrowgate_ingest.series import Aggregate, Question, SeriesSource, SeriesUnreadable, across_zone
from narrowgate_ingest.series_duckdb import DuckDBSeries
from narrowgate_ingest.series_influx import InfluxSeries
from narrowgate_schema.words import Family

HOUR_US = 3_600_000_000
START_US = BEGIN_US // HOUR_US * HOUR_US
NASTY = ["it's", 'a "b" \\c', "x y,z=1", "电表"]
DEVICES = [*(f"m{i}" for i in range(8)), *NASTY]
WATER = Question(Family.WATER, "volume_m3", START_US, START_US + 48 * HOUR_US)


def _rows() -> list[dict[str, Any]]:
    """Two days of readings with gaps, repeated keys, registers, equal instants; values exact in binary."""
    rng = random.Random(5)
    rows: list[dict[str, Any]] = []
    for frame in range(4000):
        row: dict[str, Any] = {
            "frame": frame,
            "device": rng.choice(DEVICES),
            "series": rng.choice(["", "", "2"]),
            "time": START_US + rng.randrange(48 * 60) * 60_000_000,
        }
        said = {
            "volume_m3": rng.randrange(10_000) / 16,
            "sequence": rng.randrange(-5, 2**40),
            "leak": rng.random() < 0.5,
            "valve": rng.choice(["open", "closed"]),
        }
        row |= {name: value for name, value in said.items() if rng.random() < 0.8}
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SeriesSource, SeriesSource]]:
    """The same readings in DuckDB and in a real InfluxDB."""
    core = Core(tmp_path_factory.mktemp("core"))
    rows = _rows()
    core.store(readings(Family.WATER, rows), len(rows))
    with running(Influxd(tmp_path_factory.mktemp("influxdb"))) as server:
        with sending(core.influx(server.target())) as store:
            assert arrives(lambda: store.cursor == len(rows))
        yield DuckDBSeries(core.telemetry), InfluxSeries(server.target())
    core.close()


def _equal(sources: tuple[SeriesSource, SeriesSource], ask: Any) -> pa.Table:
    """Ask both; give the answer, which is the same."""
    duck, influx = (ask(source) for source in sources)
    assert duck.schema == influx.schema
    assert duck.num_rows == influx.num_rows
    assert duck.to_pylist() == influx.to_pylist()
    return duck


@pytest.mark.parametrize("devices", [None, ("m1",), tuple(NASTY), ("nobody",), ()], ids=str)
@pytest.mark.parametrize("field", ["volume_m3", "sequence", "leak", "valve", "received_at", "frame"])
def test_a_range_is_the_same(
    sources: tuple[SeriesSource, SeriesSource], field: str, devices: tuple[str, ...] | None
) -> None:
    """Every dtype comes back as itself, for all devices, some, one that is unknown, and none."""
    question = replace(WATER, field=field, devices=devices)

    table = _equal(sources, lambda source: source.range(question, most_rows=100_000))

    assert (table.num_rows > 0) == (devices not in (("nobody",), ()))


@pytest.mark.parametrize("most_rows", [0, 1, 10, 999])
def test_a_range_gives_the_oldest(sources: tuple[SeriesSource, SeriesSource], most_rows: int) -> None:
    """A bound keeps the oldest values; readings of one instant come by device and series."""
    table = _equal(sources, lambda source: source.range(WATER, most_rows=most_rows))

    assert table.num_rows == most_rows


@pytest.mark.parametrize("bucket_us", [HOUR_US, 7 * 60_000_000, 24 * HOUR_US])
@pytest.mark.parametrize("aggregate", list(Aggregate))
@pytest.mark.parametrize("field", ["volume_m3", "sequence"])
def test_a_downsampled_number_is_the_same(
    sources: tuple[SeriesSource, SeriesSource], field: str, aggregate: Aggregate, bucket_us: int
) -> None:
    """Mean, min, max, sum, last and count of every bucket agree."""
    question = replace(WATER, field=field, start_us=START_US + 12_345_678)

    table = _equal(sources, lambda source: source.downsample(question, bucket_us, aggregate))

    assert table.num_rows > 0


@pytest.mark.parametrize("aggregate", [Aggregate.LAST, Aggregate.COUNT])
@pytest.mark.parametrize("field", ["leak", "valve", "received_at"])
def test_what_is_no_number_has_a_last_and_a_count(
    sources: tuple[SeriesSource, SeriesSource], field: str, aggregate: Aggregate
) -> None:
    """Flags, words and times can be counted, and have a newest value."""
    question = replace(WATER, field=field)

    _equal(sources, lambda source: source.downsample(question, HOUR_US, aggregate))


@pytest.mark.parametrize("field", ["volume_m3", "leak", "valve", "received_at"])
def test_the_last_value_is_the_same(sources: tuple[SeriesSource, SeriesSource], field: str) -> None:
    """Each series' newest value before an instant, with its own time."""
    question = replace(WATER, field=field, end_us=START_US + 30 * HOUR_US)

    table = _equal(sources, lambda source: source.last(question))

    assert table.num_rows >= len(DEVICES)


@pytest.mark.parametrize(
    "across", [Aggregate.MEAN, Aggregate.MIN, Aggregate.MAX, Aggregate.SUM, Aggregate.COUNT]
)
def test_a_zone_is_the_same(sources: tuple[SeriesSource, SeriesSource], across: Aggregate) -> None:
    """A zone is a list of devices: one value a bucket for all their series."""
    question = replace(WATER, devices=("m1", "m2", *NASTY))

    table = _equal(sources, lambda source: across_zone(source, question, HOUR_US, Aggregate.MAX, across))

    assert table.column_names == ["time", "value", "series"]
    assert max(table["series"].to_pylist()) > 1


def test_a_span_is_half_open(sources: tuple[SeriesSource, SeriesSource]) -> None:
    """A reading at the span's end is not in it; one at its start is."""
    times = sources[0].range(WATER, most_rows=50)["time"].cast(pa.int64()).to_pylist()
    question = replace(WATER, start_us=times[0], end_us=times[-1])

    table = _equal(sources, lambda source: source.range(question, most_rows=1000))

    assert table["time"].cast(pa.int64()).to_pylist() == [at for at in times if at < times[-1]]


def test_a_thousand_devices_are_asked_about_in_parts(sources: tuple[SeriesSource, SeriesSource]) -> None:
    """A zone may be of any size."""
    question = replace(WATER, devices=(*DEVICES, *(f"other-{i}" for i in range(1200))))

    _equal(sources, lambda source: source.downsample(question, HOUR_US, Aggregate.SUM))


def test_an_unknown_field_is_refused_by_name() -> None:
    """A question about what no reading has names the fields that there are."""
    with pytest.raises(ValueError, match="water readings have no field 'lux'; they have frame,"):
        Question(Family.WATER, "lux", 0, 1)


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    """A span runs forward."""
    with pytest.raises(ValueError, match="ends at 1, before it starts at 2"):
        Question(Family.WATER, "volume_m3", 2, 1)


@pytest.mark.parametrize("place", [0, 1], ids=["duckdb", "influxdb"])
def test_the_mean_of_a_flag_is_refused(sources: tuple[SeriesSource, SeriesSource], place: int) -> None:
    """Both sources refuse what has no meaning, in one sentence."""
    with pytest.raises(ValueError, match="leak is a bool, which has no mean: ask for last or count"):
        sources[place].downsample(replace(WATER, field="leak"), HOUR_US, Aggregate.MEAN)


@pytest.mark.parametrize("place", [0, 1], ids=["duckdb", "influxdb"])
def test_a_bucket_of_no_width_is_refused(sources: tuple[SeriesSource, SeriesSource], place: int) -> None:
    """A bucket has a width."""
    with pytest.raises(ValueError, match="a bucket of 0 us is none"):
        sources[place].downsample(WATER, 0, Aggregate.MEAN)


def test_a_server_that_is_away_is_named() -> None:
    """A store that cannot answer says so in one line."""
    source = InfluxSeries(Target("http://127.0.0.1:1", "v1", "city"))

    with pytest.raises(SeriesUnreadable, match=r"InfluxDB 127\.0\.0\.1:1/city: ConnectionRefusedError"):
        source.last(WATER)


def test_an_unknown_database_is_named(sources: tuple[SeriesSource, SeriesSource]) -> None:
    """The server's own words are given."""
    influx = sources[1]
    assert isinstance(influx, InfluxSeries)

    with pytest.raises(SeriesUnreadable, match="database not found: nope"):
        InfluxSeries(replace(influx.target, database="nope")).last(WATER)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b"null", b"[" * 100_000),
        *(
            b'{"results":[{"series":[{"columns":["time"],"values":[[1,2]]}]}]}',
            b'{"results":[{"series":[5]}]}',
        ),
    ],
)
def test_an_answer_of_another_form_is_unreadable(body: bytes) -> None:
    """What a proxy may answer is no reading, and no crash either."""
    with serving((200, {}, body)) as server, pytest.raises(SeriesUnreadable, match="InfluxDB"):
        InfluxSeries(Target(server.url, "v1", "city")).last(WATER)


def test_a_closed_telemetry_store_is_unreadable(tmp_path: Path) -> None:
    """DuckDB's trouble comes in the same form."""
    core = Core(tmp_path)
    core.close()

    with pytest.raises(SeriesUnreadable, match="DuckDB: "):
        DuckDBSeries(core.telemetry).last(WATER)
