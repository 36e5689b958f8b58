"""Every chart is the same, whichever store answers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console_stand import HOUR_US, NOW_US, Stand, StandingClock, fill
from influx_stand import QUICK, Influxd, arrives, running, sending
from narrowgate_console import LOCAL, Services
from narrowgate_console import telemetry as questions
from narrowgate_console.city_view import CityView
from narrowgate_ingest.influx_store import InfluxStore
from narrowgate_ingest.series import SeriesSource
from narrowgate_ingest.series_influx import InfluxSeries
from narrowgate_ingest.state import PIPELINE, State, set_cursor
from narrowgate_schema.words import Family


class _Answered(Stand):
    """A stand whose questions about series somebody else answers."""

    other: SeriesSource

    @property
    def series(self) -> SeriesSource:
        """Give the other store."""
        return self.other


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CityView, CityView]]:
    """One district, asked in DuckDB and in a real InfluxDB."""
    folder = tmp_path_factory.mktemp("district")
    stand = Stand(folder)
    fill(stand)
    irregular = [
        {"device": "water-0001", "series": "2", "time": NOW_US - n * 1_700_000_000, "volume_m3": 90.5 - n / 8}
        for n in range(60)
    ]
    stand.add(Family.WATER, irregular)
    stand.add(Family.WATER, [{**irregular[7], "volume_m3": 89.75}])
    stays = [(300, True), (171, False), (95, True), (94, None), (31, False)]
    stand.add(
        Family.PARKING,
        [
            {"device": "parking-0003", "time": NOW_US - ago * 60_000_000 - 1, "occupied": is_taken}
            for ago, is_taken in stays
        ],
    )
    with running(Influxd(tmp_path_factory.mktemp("influxdb"))) as server:
        store = _follower(stand, folder, server)
        with sending(store):
            assert arrives(lambda: store.cursor == stand._frames)
        answered = _Answered.__new__(_Answered)
        answered.__dict__ |= stand.__dict__ | {"other": InfluxSeries(server.target())}
        yield _view(stand), _view(answered)
    stand.close()


def _follower(stand: Stand, folder: Path, server: Influxd) -> InfluxStore:
    state = State(folder / "follower.db")
    with state.transaction() as connection:
        set_cursor(connection, PIPELINE, stand._frames)
    state.close()
    return InfluxStore(
        server.target(), stand._telemetry, folder / "follower.db", folder / "refused", patience=QUICK
    )


def _view(stand: Stand) -> CityView:
    return Services(stand, StandingClock(), keep_s=0.0).of(LOCAL).city


def _hours(family: Family, hours: int) -> Callable[[CityView], object]:
    return lambda city: city.series(family, hours).points


_CHARTS: dict[str, Callable[[CityView], object]] = {
    **{f"{family} {hours} h": _hours(family, hours) for family in Family for hours in (1, 24, 48)},
    "night flow": lambda city: city.night_flow(),
    "occupancy": lambda city: city.occupancy(),
    "lit rate": lambda city: city.lit_rate(),
    "map": lambda city: [city.map().counts(family) for family in Family],
    "devices": lambda city: city.devices(),
    "a device": lambda city: city.device_series("water-0001"),
    "frames": lambda city: city.device_frames("water-0001"),
}


@pytest.mark.parametrize("chart", list(_CHARTS))
def test_a_chart_is_the_same(views: tuple[CityView, CityView], chart: str) -> None:
    """Each chart of the console shows the same figures from DuckDB and from a real InfluxDB."""
    duck, influx = (_CHARTS[chart](view) for view in views)

    assert duck
    assert influx == duck


@pytest.mark.parametrize("family", list(Family))
def test_portions_leave_no_trace(
    views: tuple[CityView, CityView], family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A city whose readings come in many portions has the same chart, from either store."""
    whole = views[0].series(family, 48)

    monkeypatch.setattr(questions, "PORTION_ROWS", 40)

    assert [view.series(family, 48) for view in views] == [whole, whole]


def test_a_portion_is_never_larger_than_it_may_be(
    views: tuple[CityView, CityView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Portions are bounded, come by time, and hold every value once."""
    monkeypatch.setattr(questions, "PORTION_ROWS", 64)
    ask = views[0]._services.telemetry
    span = (Family.WATER, "volume_m3", NOW_US - 60 * HOUR_US, NOW_US + 1)

    portions = list(ask.portions(*span))

    rows = [row for portion in portions for row in portion.to_pylist()]
    assert max(portion.num_rows for portion in portions) < 64
    assert rows == ask.values(*span).to_pylist()
