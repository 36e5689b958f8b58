"""Browsers' worth of requests: clients that ask a console's pages and API in a loop until their input ends.

`python -m narrowgate_bench.browsers PORT CLIENTS` runs in a process of its own, says a line when every
connection is open, and a line of JSON at the end: `{"answered": 812, "failed": 0}`.
"""

import http.client
import itertools
import json
import sys
import threading

PATHS = (
    "/",
    "/api/v1/overview",
    "/api/v1/cases",
    "/water",
    "/api/v1/map",
    "/parking",
    "/api/v1/series/water",
    "/lighting",
    "/api/v1/devices",
    "/cases",
    "/api/v1/system",
    "/api/v1/findings",
    "/system",
    "/api/v1/quarantine",
    "/metrics",
)
_HOST = "127.0.0.1"
_PATIENCE_S = 30.0


class Browser(threading.Thread):
    """One client with one connection that is kept alive."""

    def __init__(self, port: int, number: int, stop: threading.Event) -> None:
        """Open the connection.

        Args:
            port: the console's.
            number: which path it begins with.
            stop: ends it after the answer it waits for.
        """
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection(_HOST, port, timeout=_PATIENCE_S)
        self._connection.connect()
        self._number, self._stop_asking = number, stop
        self.answered = 0
        self.failed = 0

    def run(self) -> None:
        """Ask path after path."""
        for step in itertools.count(self._number):
            if self._stop_asking.is_set():
                break
            if self._ask(PATHS[step % len(PATHS)]):
                self.answered += 1
            else:
                self.failed += 1
        self._connection.close()

    def _ask(self, path: str) -> bool:
        """Tell whether a path was answered 200; a connection that failed is opened anew by the next."""
        try:
            self._connection.request("GET", path)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        return answer.status == http.client.OK


def main(port: str, clients: str) -> None:
    """Ask until standard input ends."""
    stop = threading.Event()
    browsers = [Browser(int(port), number, stop) for number in range(int(clients))]
    for browser in browsers:
        browser.start()
    sys.stdout.write("asking\n")
    sys.stdout.flush()
    sys.stdin.read()
    stop.set()
    for browser in browsers:
        browser.join(_PATIENCE_S)
    counts = {
        "answered": sum(browser.answered for browser in browsers),
        "failed": sum(browser.failed for browser in browsers),
    }
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
