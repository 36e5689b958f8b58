"""How long a newcomer waits: from `make demo` in a clean clone to the first chart in a browser.

    python tests/first_chart.py [REPOSITORY]

clones the repository into a temporary folder, runs `make demo` there and opens the city's page in a headless
Chromium until a chart is drawn; prints one line of JSON. pip takes its wheels from wherever it is used to.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from browser import chromium
from narrowgate_simulators.ports import free_tcp_port

WITHIN_S = 600.0
_STEP_S = 0.1
_DRAWN = (
    "[...document.querySelectorAll('.ng-chart')].some(e => e.offsetParent && e.querySelector('canvas, svg'))"
)


def main(repository: str = str(Path(__file__).parents[1])) -> None:
    """Measure once."""
    with tempfile.TemporaryDirectory(prefix="narrowgate-first-chart-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", repository, str(clone)], check=True)
        port = free_tcp_port()
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        began_s, began_wall_s = time.monotonic(), time.time()
        demo = subprocess.Popen(
            ["make", "demo", f"ARGS=--port {port}"],
            cwd=clone, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            with chromium(Path(folder) / "profile") as tab:
                _until_answered(port, demo)
                installed_s = _installed_s(clone) - began_wall_s
                answered_s = time.monotonic() - began_s
                tab.open(f"http://127.0.0.1:{port}/")
                tab.await_true(_DRAWN)
                drawn_s = time.monotonic() - began_s
        finally:
            os.killpg(demo.pid, signal.SIGINT)
            demo.wait(WITHIN_S)
    told = {"installed_s": installed_s, "console_answers_s": answered_s, "first_chart_s": drawn_s}
    sys.stdout.write(json.dumps({name: round(seconds, 1) for name, seconds in told.items()}) + "\n")


def _installed_s(clone: Path) -> float:
    """Give when make was done with installing, by the mark that it leaves [s since 1970]."""
    return (clone / ".venv" / ".installed").stat().st_mtime


def _until_answered(port: int, demo: "subprocess.Popen[bytes]") -> None:
    give_up_s, pause = time.monotonic() + WITHIN_S, threading.Event()
    while time.monotonic() < give_up_s:
        if demo.poll() is not None:
            raise SystemExit("the demo ended before its console answered")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/api/v1/overview")
            if connection.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pause.wait(_STEP_S)
        finally:
            connection.close()
    raise SystemExit("the console did not answer")


if __name__ == "__main__":
    main(*sys.argv[1:])
