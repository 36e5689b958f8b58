"""The console on a port: the app with its pages in a server that the core runs and stops.

Importing this module loads the page toolkit (about a second): do it where the console is started, and nowhere
else. The toolkit keeps its pages in one place for the process, so a process serves one console.
"""

import contextlib
import ipaddress
import socket
from collections.abc import Iterator

import uvicorn
from anyio import to_thread

from narrowgate_cases.status_back import StatusBack
from narrowgate_console.access import Access
from narrowgate_console.app import create_app
from narrowgate_console.binding import Binding, refusal_to_bind
from narrowgate_console.idle_connections import IdleConnections
from narrowgate_console.open311 import Offer
from narrowgate_console.pages import MOST_PAGES, add_pages
from narrowgate_console.services import Services

STOP_WITHIN_S = 3
MOST_THREADS = 4
"""Threads that ask the stores for API and pages: each holds a reader and memory of its own."""
MOST_CONNECTIONS = 512
MOST_WEBSOCKET_BYTES = 1 << 20


class ConsoleServer(uvicorn.Server):
    """A server on a socket that is bound already. Set `should_exit` to end `serve` gracefully."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        """Serve a configuration on a listening socket."""
        super().__init__(config)
        self._listening = listening
        self._idle = IdleConnections()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: host and port, the port that the system chose if 0 was asked for."""
        host, port = self._listening.getsockname()[:2]
        return host, port

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit`; then let what is being answered end, for at most STOP_WITHIN_S."""
        to_thread.current_default_thread_limiter().total_tokens = MOST_THREADS
        await super().serve(sockets or [self._listening])

    async def on_tick(self, counter: int) -> bool:
        """End idle connections too, ten times a second, so that they never are as many as may be open."""
        self._idle.tidy(tuple(self.server_state.connections))
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process that serves."""
        yield


def serve(
    services: Services,
    access: Access,
    binding: Binding | None = None,
    *,
    tile_url: str = "",
    most_pages: int = MOST_PAGES,
    offer: Offer | None = None,
    status_back: StatusBack | None = None,
) -> ConsoleServer:
    """Give a server of the console that listens already; `await server.serve()` in the main loop runs it.

    Args:
        services: what it serves.
        access: to whom.
        binding: where; 127.0.0.1:8080 if not said.
        tile_url: the map's tiles, as Leaflet writes it; '' for none.
        most_pages: how many pages may be open at once; the next is answered 503.
        offer: what is offered by Open311; nothing if not said.
        status_back: which outside system may say what became of cases; none if not said.

    Raises:
        ValueError: it must not listen there; the text says in one line what is missing.
        OSError: the port cannot be had; errno EADDRINUSE if it is taken.
    """
    binding = binding or Binding()
    refused = refusal_to_bind(binding, access)
    if refused is not None:
        raise ValueError(f"console: {refused}")
    listening = _listen(binding.host, binding.port)
    app = create_app(services, access, binding, tile_url=tile_url, offer=offer, status_back=status_back)
    add_pages(app, services, access, tile_url=tile_url, most_pages=most_pages)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        ws_max_size=MOST_WEBSOCKET_BYTES,
        # Messages are short; a compressor would be held for every page that is open.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        ssl_certfile=binding.cert_file,
        ssl_keyfile=binding.key_file,
    )
    return ConsoleServer(config, listening)


def _listen(host: str, port: int) -> socket.socket:
    is_six = ipaddress.ip_address(host).version == 6
    family = socket.AF_INET6 if is_six else socket.AF_INET
    # asyncio sends small writes at once (TCP_NODELAY) on sockets that name their protocol, and on no others.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
