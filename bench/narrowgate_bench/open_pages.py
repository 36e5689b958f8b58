"""Pages of a console opened as browsers open them: fetched, then kept up to date over a live connection.

`python -m narrowgate_bench.open_pages PORT PAGES` runs in a process of its own, says in a line how many pages
are open, and keeps them open until its input ends.
"""

import http.client
import json
import re
import secrets
import sys
import threading
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATHS = ("/", "/water", "/parking", "/lighting", "/cases", "/system")
_HOST = "127.0.0.1"
_PATIENCE_S = 60.0
_MOST_BYTES = 1 << 26
_CLIENT = re.compile(r"client_id[^0-9a-f]+([0-9a-f-]{36})")
_PING, _PONG, _CONNECT = "2", "3", "40"
"""Packets of engine.io and socket.io."""


class OpenPage(threading.Thread):
    """One page that is open."""

    def __init__(self, port: int, path: str) -> None:
        """Fetch it and open its live connection; RuntimeError where either is refused."""
        super().__init__(daemon=True)
        found = _CLIENT.search(_fetched(port, path))
        if found is None:
            raise RuntimeError(f"{path} is no page that opens a live connection")
        self._live = _live(port, found[1])

    def run(self) -> None:
        """Take what the page is sent, and answer pings."""
        try:
            for message in self._live:
                if message == _PING:
                    self._live.send(_PONG)
        except ConnectionClosed:
            return


def _fetched(port: int, path: str) -> str:
    connection = http.client.HTTPConnection(_HOST, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} was answered {answer.status}")
        return answer.read().decode()
    finally:
        connection.close()


def _live(port: int, client: str) -> ClientConnection:
    query = {
        "EIO": "4", "transport": "websocket", "implicit_handshake": "true", "client_id": client,
        "tab_id": secrets.token_hex(8), "document_id": secrets.token_hex(8), "next_message_id": "0",
    }  # fmt: skip
    address = f"ws://{_HOST}:{port}/_nicegui_ws/socket.io/?{urlencode(query)}"
    live = connect(address, max_size=_MOST_BYTES, open_timeout=_PATIENCE_S)
    live.recv()
    live.send(_CONNECT)
    if not str(live.recv()).startswith(_CONNECT + "{"):
        raise RuntimeError("the live connection was refused")
    return live


def main(port: str, pages: str) -> None:
    """Open pages, each path in turn, and keep them open until standard input ends."""
    opened = [OpenPage(int(port), PATHS[n % len(PATHS)]) for n in range(int(pages))]
    for page in opened:
        page.start()
    sys.stdout.write(json.dumps({"open": len(opened)}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
