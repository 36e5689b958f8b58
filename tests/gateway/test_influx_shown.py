"""A core shows in readiness and metrics how its InfluxDB does, and is none the worse for it."""

import time
import urllib.error
import urllib.request
from pathlib import Path

from gateway_home import OCCUPIED, Ports, make_home, role_arguments, running, wait_until, write_config
from influx_recorded import Reply, serving
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind
from uplinks import uplink_batch

UNAUTHORISED: Reply = (401, {}, b'{"code":"unauthorized","message":"unauthorized access"}')


def _page(ports: Ports, path: str) -> tuple[int, str]:
    """Give status and text of a page of the console."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports.console}{path}", timeout=100) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_refused_token_is_shown_and_stops_nothing_else(tmp_path: Path) -> None:
    """Readiness says what the server said; the readings are stored all the same and wait to be sent."""
    home, ports = make_home(tmp_path / "home"), Ports()
    (tmp_path / "token").write_text("wrong")
    journal = Journal(home.journal)
    now_us = time.time_ns() // 1000
    frames = uplink_batch([OCCUPIED], devices=["bay-1"], received_at_us=[now_us])
    journal.append([(Kind.UPLINKS, frames)])
    journal.close()

    with serving(UNAUTHORISED) as server:
        options = f'[influxdb]\nurl = "{server.url}"\nbucket = "b"\ntoken_file = "{tmp_path / "token"}"'
        config = write_config(tmp_path / "narrowgate.toml", ports, more=options)
        with running(home, *role_arguments("core", config, home)) as core:
            core.until_ready("core")
            wait_until(lambda: "unauthorized access" in _page(ports, "/readyz")[1])
            status, ready = _page(ports, "/readyz")
            _, metrics = _page(ports, "/metrics")
            code = core.end()

    assert status == 503
    assert "401 unauthorized access, 1 journal rows behind" in ready
    assert 'narrowgate_frames_settled_total{disposition="stored"} 1.0' in metrics
    assert "narrowgate_influxdb_up 0.0" in metrics
    assert "narrowgate_influxdb_behind_rows 1.0" in metrics
    assert code == 0
