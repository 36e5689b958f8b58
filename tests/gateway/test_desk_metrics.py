import sqlite3
from pathlib import Path

from prometheus_client import CollectorRegistry

from findings_rows import batch, raised
from narrowgate_cases import apply, install
from narrowgate_cases.practice import HOUR_US
from narrowgate_gateway.desk_metrics import DeskMetrics


class _Standing:
    def now_us(self) -> int:
        """Give an instant at which the first case is overdue and the second is not."""
        return 50 * HOUR_US


def test_open_cases_are_counted_by_light_and_place(tmp_path: Path) -> None:
    """Prometheus hears how many cases are overdue, and how many nobody could route."""
    path = tmp_path / "state.db"
    connection = sqlite3.connect(path, isolation_level=None)
    install(connection)
    apply(connection, batch(raised("f1")), 0)
    apply(connection, batch(raised("f2")), 49 * HOUR_US)
    connection.execute("UPDATE cases SET cell = '110101001001001' WHERE id = 2")
    connection.close()
    registry = CollectorRegistry()
    registry.register(DeskMetrics(lambda: sqlite3.connect(path), _Standing()))
    told = [registry.get_sample_value("narrowgate_cases_open_by_light", {"light": light})
            for light in ("green", "yellow", "red", "standing")]  # fmt: skip

    assert told == [1, 0, 1, 0]
    assert registry.get_sample_value("narrowgate_cases_unplaced") == 1
