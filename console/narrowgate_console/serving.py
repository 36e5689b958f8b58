"""The console on a port: the app with its pages in a server that the core runs and stops.

Importing this module loads the page toolkit (about a second): do it where the console is started, and nowhere
else. The toolkit keeps its pages in one place for the process, so a process serves one console.
"""

import contextlib
import copy
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from nicegui import Client, ui

from narrowgate_console.app import create_app
from narrowgate_console.city_page import CityPage
from narrowgate_console.services import Services
from narrowgate_console.words import HTML_LANGUAGE, choose_language, word

LOOPBACK = "127.0.0.1"
STOP_WITHIN_S = 3
MOST_CONNECTIONS = 512
MOST_PAGES = 128
"""Pages open at once: each costs the process about half a megabyte."""
UNOPENED_FOR_S = 5.0
"""How old a page must be, that was fetched but never opened its live connection, to make room for another."""
MOST_WEBSOCKET_BYTES = 1 << 20
_STYLE = (Path(__file__).parent / "console.css").read_text(encoding="utf-8")


def _make_room(most_pages: int) -> None:
    if len(Client.instances) >= most_pages:
        Client.prune_instances(client_age_threshold=UNOPENED_FOR_S)
    if len(Client.instances) >= most_pages:
        raise HTTPException(503, f"{most_pages} pages are open", headers={"Retry-After": "5"})


def add_pages(app: FastAPI, services: Services, most_pages: int = MOST_PAGES) -> None:
    """Put the pages on an app; they use no cookies, no storage and no network but this server's."""

    @ui.page("/", response_timeout=10.0, dependencies=[Depends(lambda: _make_room(most_pages))])
    async def city(request: Request, client: Client, lang: str | None = None) -> None:
        language = choose_language(lang, request.headers.get("accept-language"))
        # The page object is shared by all browsers; this one gets its own with its own language.
        client.page = copy.copy(client.page)
        client.page.language = HTML_LANGUAGE[language]
        ui.page_title(word("title", language))
        ui.add_css(_STYLE)
        await CityPage(services, language).refresh()

    ui.run_with(app, title="Narrowgate", dark=None, tailwind=False, show_welcome_message=False)


class ConsoleServer(uvicorn.Server):
    """A server on a socket that is bound already. Set `should_exit` to end `serve` gracefully."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        """Serve a configuration on a listening socket."""
        super().__init__(config)
        self._listening = listening

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: host and port, the port that the system chose if 0 was asked for."""
        host, port = self._listening.getsockname()
        return host, port

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit`; then let what is being answered end, for at most STOP_WITHIN_S."""
        await super().serve(sockets or [self._listening])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process that serves."""
        yield


def serve(
    services: Services, host: str = LOOPBACK, port: int = 8080, *, most_pages: int = MOST_PAGES
) -> ConsoleServer:
    """Give a server of the console that listens already; `await server.serve()` in the main loop runs it.

    Args:
        services: what it serves.
        host: 127.0.0.1.
        port: 0 lets the system choose.
        most_pages: how many pages may be open at once; the next is answered 503.

    Raises:
        ValueError: another host: that needs users and TLS.
        OSError: the port cannot be had; errno EADDRINUSE if it is taken.
    """
    if host != LOOPBACK:
        raise ValueError(f"the console listens on {LOOPBACK} only: {host!r} needs users and TLS")
    listening = _listen(host, port)
    app = create_app(services)
    add_pages(app, services, most_pages)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        ws_max_size=MOST_WEBSOCKET_BYTES,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    return ConsoleServer(config, listening)


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
