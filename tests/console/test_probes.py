import sqlite3
from pathlib import Path

from console_api import Api
from console_stand import Stand, StandingClock
from narrowgate_console import Access, Check, Services
from narrowgate_console.app import create_app


class _Locked(Stand):
    """A stand whose state database is locked for good."""

    def checks(self) -> list[Check]:
        """Fail as SQLite does."""
        raise sqlite3.OperationalError("database is locked")


def test_a_process_that_answers_lives(filled: Stand, api: Api) -> None:
    """The process lives, whatever its stores do."""
    filled.state_path.unlink()

    assert api.get("/healthz").json() == {"status": "alive"}


def test_a_process_that_works_is_ready(api: Api) -> None:
    """Ready means that each thing that the work depends on is so, with figures."""
    answer = api.get("/readyz")
    check = {"name": "journal", "ok": True, "words": "writable, 3.1 GB free"}

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "checks": [check]})


def test_one_failing_check_is_not_ready(stand: Stand, api: Api) -> None:
    """One thing that is not so makes the process not ready, and is told in words and figures."""
    stand.readiness = [*stand.readiness, Check("stores", ok=False, words="DuckDB lags 4200 frames")]
    answer = api.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["checks"][1]["words"] == "DuckDB lags 4200 frames"


def test_checks_that_cannot_be_made_are_not_ready(tmp_path: Path) -> None:
    """A database that cannot be asked makes the process not ready instead of failing the probe."""
    api = Api(create_app(Services(_Locked(tmp_path), StandingClock()), Access(tmp_path)))
    answer = api.get("/readyz")

    assert (answer.status_code, answer.json()["checks"][0]["words"]) == (503, "database is locked")


def test_metrics_are_prometheus_text(api: Api) -> None:
    """The core's registry is shown in Prometheus' text format."""
    answer = api.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "narrowgate_frames_total 3.0" in answer.text.splitlines()
