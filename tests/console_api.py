"""The console's API asked in memory: the real app behind httpx' ASGI transport, no socket."""

import asyncio
from collections.abc import Mapping

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
    ) -> httpx.Response:
        """Give the app's answer to a path below HERE; its unhandled faults are raised here."""
        return asyncio.run(self._ask(method, path, dict(params or {}) or None, dict(headers or {})))

    async def _ask(
        self, method: str, path: str, params: dict[str, str | int] | None, headers: dict[str, str]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.request(method, path, params=params, headers=headers)
