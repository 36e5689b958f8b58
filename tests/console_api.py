"""The console's API asked in memory: the real app behind httpx' ASGI transport, no socket."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI

HERE = "http://127.0.0.1:8080"


class Api:
    """One app; each request is a loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        """Ask an app."""
        self._app = app

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: object = None,
        form: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        peer: str = "127.0.0.1",
    ) -> httpx.Response:
        """Give the app's answer to a path below HERE; its unhandled faults are raised here."""
        sent = {"headers": headers, "json": body, "data": form, "content": raw}
        return asyncio.run(self._ask(peer, method, path, params=dict(params or {}) or None, **sent))

    async def _ask(self, peer: str, method: str, path: str, **request: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=(peer, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.request(method, path, **request)
