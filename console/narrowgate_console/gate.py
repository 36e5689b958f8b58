"""Who may speak to the console, asked of every request before anything else sees it.

Rule 1: while this machine is the administrator, a request must be addressed to it by a loopback name: a page
of a foreign site can have its own name resolve here, but cannot choose the header Host.
Rule 2: a request that names its Origin comes from a page of this console.
Rule 3: Open311 finds out itself who asks: its keys come in forms, and no cookie speaks there.
Rule 4: a change that a cookie speaks for carries the session's word as well.
"""

import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narrowgate_console.access import Access
from narrowgate_console.binding import Binding
from narrowgate_console.open311.refused import PREFIX
from narrowgate_console.principals import Principal
from narrowgate_console.refusals import refusal, refusal_at
from narrowgate_console.status_api import PATH as STATUS_PATH

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN_PATHS = frozenset({"/login", "/healthz", "/readyz", STATUS_PATH})
"""What is answered to anybody; `/readyz` tells strangers no more than whether, a status is signed."""
CSRF_HEADER = "x-csrf-token"
MOST_BODY_BYTES = 1 << 20
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_CSRF = ("/login", "/logout", "/_nicegui_ws/", STATUS_PATH)
"""Changes that bring their word in a form, have no session yet, or are a page's own live connection."""


def cookie_name(binding: Binding) -> str:
    """Give the session cookie's name: browsers hold a `__Host-` cookie to TLS and this very host."""
    return "__Host-narrowgate" if binding.is_secure else "narrowgate"


class Gate:
    """Finds out who asks, refuses who may not, and passes the rest on with its principal."""

    def __init__(self, app: ASGIApp, access: Access, binding: Binding, *, tiles: str = "") -> None:
        """Stand before an app.

        Args:
            app: what is guarded.
            access: who there is.
            binding: where it listens.
            tiles: the origin of the map's tiles, the one foreign place that pages may load pictures from.
        """
        self._app = app
        self._access = access
        self._binding = binding
        self._cookie = cookie_name(binding)
        self._headers = _safety_headers(binding, tiles)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        sending = self._with_safety_headers(send)
        refused = self._examine(scope, Headers(scope=scope))
        if refused is None:
            await self._app(scope, receive, sending)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, sending)

    def _examine(self, scope: Scope, headers: Headers) -> Response | None:
        """Put principal and address into the scope; give the refusal if there is one."""
        peer = scope["client"][0] if scope.get("client") else ""
        refused = self._misaddressed(scope, headers, peer) or _too_long(scope, headers)
        if refused is not None:
            return refused
        asks_itself = scope["path"].startswith(PREFIX)
        principal = self._principal(headers, by_cookie=not asks_itself)
        state = scope.setdefault("state", {})
        state["principal"] = principal
        state["address"] = self._address(headers, peer)
        if principal is None:
            is_open = asks_itself or scope["path"] in OPEN_PATHS
            return None if is_open else _stranger(scope, headers)
        return _forged(scope, headers, principal)

    def _misaddressed(self, scope: Scope, headers: Headers, peer: str) -> Response | None:
        wrong = self._address_fault(headers, peer)
        return None if wrong is None else refusal_at(scope["path"], 421, "host", wrong)

    def _address_fault(self, headers: Headers, peer: str) -> str | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._binding.proxies and not _within(peer, self._binding):
            return "this console answers only to its proxy"
        if self._binding.is_local and _name(host) not in LOOPBACK_NAMES:
            names = ", ".join(sorted(LOOPBACK_NAMES))
            return f"this console answers only to pages of {names}"
        if origin is not None and not self._is_own(origin, host):
            return "this console answers only to its own pages"
        return None

    def _is_own(self, origin: str, host: str) -> bool:
        location = origin.partition("://")[2]
        if self._binding.is_local:
            return _name(location) in LOOPBACK_NAMES
        return location != "" and location.lower() == host.lower()

    def _principal(self, headers: Headers, *, by_cookie: bool) -> Principal | None:
        authorization = headers.get("authorization", "")
        if authorization:
            kind, _, token = authorization.partition(" ")
            return self._access.of_token(token.strip()) if kind.lower() == "bearer" else None
        cookie = _cookies(headers).get(self._cookie) if by_cookie else None
        principal = self._access.of_cookie(cookie) if cookie is not None else None
        if principal is None and self._binding.is_local:
            return self._access.local()
        return principal

    def _address(self, headers: Headers, peer: str) -> str:
        """Give the client's address: behind a proxy the one that the proxy itself saw."""
        seen = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return seen[:64] if self._binding.proxies and seen else peer

    def _with_safety_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        return sending


def _safety_headers(binding: Binding, tiles: str) -> list[tuple[bytes, bytes]]:
    # The page toolkit compiles its templates in the browser and styles elements in place.
    policy = (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
        " style-src 'self' 'unsafe-inline';"
        f" img-src 'self' data: {tiles}; font-src 'self' data:; connect-src 'self'; object-src 'none';"
        " base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
    }
    if binding.is_secure:
        headers["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def _name(location: str) -> str | None:
    """Give the host name of `host:port`, None if it is none."""
    try:
        return urlsplit(f"//{location}").hostname
    except ValueError:
        return None


def _within(peer: str, binding: Binding) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in binding.proxies)


def _cookies(headers: Headers) -> dict[str, str]:
    try:
        jar = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _too_long(scope: Scope, headers: Headers) -> Response | None:
    """Refuse a body that is too long, or does not say how long it is."""
    if scope["type"] != "http" or scope["method"] in _SAFE:
        return None
    length = headers.get("content-length", "0" if "transfer-encoding" not in headers else "")
    if not (length.isascii() and length.isdigit()):
        return refusal_at(scope["path"], 411, "length_required", "a body needs a Content-Length")
    if int(length) > MOST_BODY_BYTES:
        return refusal_at(scope["path"], 413, "too_large", f"a body has at most {MOST_BODY_BYTES} bytes")
    return None


def _stranger(scope: Scope, headers: Headers) -> Response:
    """Refuse who is not known: browsers are shown where to sign in."""
    if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)
    answer = refusal(401, "unauthenticated", "sign in at /login, or send `Authorization: Bearer TOKEN`")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _forged(scope: Scope, headers: Headers, principal: Principal) -> Response | None:
    """Refuse a change that only a cookie speaks for."""
    if scope["type"] != "http" or scope["method"] in _SAFE or principal.csrf is None:
        return None
    if scope["path"].startswith(_OWN_CSRF) or headers.get(CSRF_HEADER) == principal.csrf:
        return None
    return refusal(403, "csrf", f"a change by cookie needs the header {CSRF_HEADER}; /api/v1/me gives it")
