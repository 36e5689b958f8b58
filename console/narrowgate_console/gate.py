"""Who may speak to a console that has no users: this machine, under its own name.

A page of a foreign site that the same browser has open can send requests to 127.0.0.1, or have its own name
resolve there. It cannot choose the headers Host and Origin, so both must name this machine.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narrowgate_console.refusals import refusal

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

_SAFETY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)


def _name(location: str) -> str | None:
    """Give the host name of `host:port`, None if it is none."""
    try:
        return urlsplit(f"//{location}").hostname
    except ValueError:
        return None


def _is_local(headers: Headers) -> bool:
    if _name(headers.get("host", "")) not in LOOPBACK_NAMES:
        return False
    origin = headers.get("origin")
    return origin is None or _name(origin.partition("://")[2]) in LOOPBACK_NAMES


class LoopbackOnly:
    """Passes on what is addressed to this machine by one of its loopback names, and refuses the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan" or _is_local(Headers(scope=scope)):
            await self._app(scope, receive, _with_safety_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            names = ", ".join(sorted(LOOPBACK_NAMES))
            answer = refusal(421, "host", f"this console answers only to pages of {names}")
            await answer(scope, receive, send)


def _with_safety_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_SAFETY_HEADERS]
        await send(message)

    return sending
