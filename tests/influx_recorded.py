"""Answers of InfluxDB versions that no Debian package brings, recorded, and a small server that gives them.

Each answer of `influx_answers.json` says where it was recorded.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_ANSWERS = json.loads((Path(__file__).parent / "influx_answers.json").read_text(encoding="utf-8"))

Reply = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""

WRITTEN: Reply = (204, {}, b"")


def recorded(name: str, **headers: str) -> Reply:
    """Give a recorded answer by its name."""
    answer = _ANSWERS[name]
    return answer["status"], headers, json.dumps(answer["body"]).encode()


@dataclass
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    lines: list[str]


@dataclass
class Scripted:
    """Gives the replies of a script, one a request, then the last one for ever."""

    script: list[Reply | Callable[[Asked], Reply]]
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    def answer(self, asked: Asked) -> Reply:
        """Give the next reply."""
        self.asked.append(asked)
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return reply(asked) if callable(reply) else reply

    def written(self) -> list[str]:
        """Give all lines that came, in their order."""
        return [line for asked in self.asked for line in asked.lines]


@contextmanager
def serving(
    *script: Reply | Callable[[Asked], Reply], wrap: Callable[[Any], Any] | None = None
) -> Iterator[Scripted]:
    """Serve a script on a port of its own; `wrap` may put TLS around the listening socket."""
    scripted = Scripted(list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            scripted.connections += 1
            super().setup()

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra, body = scripted.answer(Asked(self.path, headers, content.splitlines()))
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name.replace("_", "-"), value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if wrap is not None:
        server.socket = wrap(server.socket)
    scheme = "http" if wrap is None else "https"
    scripted.url = f"{scheme}://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield scripted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
