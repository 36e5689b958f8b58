"""A real HTTP receiver of case steps on a loopback port, which misbehaves as it is told."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STALL, CLOSE, DRIP = "stall", "close", "drip"
"""Instead of an answer: none at all, the connection's end, one byte after another."""


@dataclass(frozen=True)
class Reply:
    """An answer out of the ordinary."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Post:
    """What came in, kept before anything is answered."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """Give the idempotency key without its quotes."""
        return self.headers["idempotency-key"].strip('"')

    @property
    def said(self) -> dict[str, Any]:
        """Give the body's object."""
        said: dict[str, Any] = json.loads(self.body)
        return said


class Receiver:
    """Keeps every POST, then does what comes next in `plan`; answers 204 once that is used up."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.posts: list[Post] = []
        self.plan: list[Reply | str] = []
        self.arrived = threading.Condition()
        self.over = threading.Event()
        self.url = ""

    @property
    def keys(self) -> list[str]:
        """Give the keys in the order they came."""
        return [post.key for post in self.posts]

    def keep(self, post: Post) -> Reply | str:
        """Keep a POST and give what to do."""
        with self.arrived:
            self.posts.append(post)
            reply = self.plan.pop(0) if self.plan else Reply(204)
            self.arrived.notify_all()
        return reply

    def until(self, number: int, within_s: float = 120.0) -> None:
        """Wait until a number of POSTs came in."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.posts) >= number, within_s), self.keys

    @contextmanager
    def listening(self, context: ssl.SSLContext | None = None) -> Iterator["Receiver"]:
        """Listen on a free port of 127.0.0.1, with TLS where a context is given."""
        handler = type("Handler", (_Handler,), {"receiver": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        server.block_on_close = False
        if context is not None:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://localhost:{server.server_address[1]}/hook"
        try:
            yield self
        finally:
            self.over.set()
            server.shutdown()
            serving.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.receiver.keep(Post(self.path, headers, body))
        if isinstance(reply, Reply):
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
        elif reply == STALL:
            self.receiver.over.wait(200)
        elif reply == DRIP:
            self._drip()
        self.close_connection = True

    def _drip(self) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.receiver.over.wait(0.05):
                self.wfile.write(b"X")
                self.wfile.flush()
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
