"""Answers what a core is asked over its unix socket, a few askers at a time."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from narrowgate_gateway.control import (
    MOST_ANSWER_BYTES,
    MOST_REQUEST_BYTES,
    SOCKET_NAME,
    Refusal,
    Request,
    bind,
)

MOST_ASKERS = 8
_IDLE_S = 60.0
_PAUSE_S = 1.0

Handler = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class Refused(Exception):
    """A request that is not done, and why."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        self.refusal = refusal
        self.detail = detail
        super().__init__(f"{refusal}: {detail}")


class ControlServer:
    """The socket of one core."""

    def __init__(self, run: Path, handlers: Mapping[Request, Handler]) -> None:
        """Bind it; `serve` answers.

        Raises:
            OSError: the directory takes no socket.
        """
        self._run = run
        self._handlers = handlers
        self._listening = bind(run)
        self._askers: dict[asyncio.Task[None], socket.socket] = {}

    async def serve(self) -> None:
        """Answer until cancelled; then the socket and every connection are gone.

        The loop's own ways of accepting lose sight of a connection that comes in the step that ends them.
        """
        loop = asyncio.get_running_loop()
        loop.add_reader(self._listening, self._accept)
        try:
            await asyncio.Event().wait()
        finally:
            loop.remove_reader(self._listening)
            self._listening.close()
            (self._run / SOCKET_NAME).unlink(missing_ok=True)
            left = dict(self._askers)
            for asker in left:
                asker.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            for connection in left.values():
                # A task that was cancelled before its first step ran no line of its own.
                connection.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            # No descriptor is free: asking again at once would spin.
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._listening)
            loop.call_later(_PAUSE_S, self._listen_again)
            return
        connection.setblocking(False)
        asker = asyncio.create_task(self._attend(connection))
        self._askers[asker] = connection
        asker.add_done_callback(self._askers.pop)

    def _listen_again(self) -> None:
        if self._listening.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._listening, self._accept)

    async def _attend(self, connection: socket.socket) -> None:
        with suppress(ConnectionError, TimeoutError):
            reader, writer = await asyncio.open_unix_connection(sock=connection, limit=MOST_REQUEST_BYTES)
            try:
                if len(self._askers) > MOST_ASKERS:
                    writer.write(_refused(Refusal.BUSY, f"{MOST_ASKERS} are asking already"))
                    await writer.drain()
                    return
                await self._converse(reader, writer)
            finally:
                writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(_IDLE_S):
                    line = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                # What follows cannot be told apart from the long line's rest.
                writer.write(_refused(Refusal.BAD_REQUEST, f"a line has {MOST_REQUEST_BYTES} bytes at most"))
                await writer.drain()
                return
            writer.write(await self._answer(line))
            await writer.drain()

    async def _answer(self, line: bytes) -> bytes:
        try:
            request, arguments = _request(line)
            answer = await self._handlers[request](arguments)
        except Refused as refused:
            return _refused(refused.refusal, refused.detail)
        told = json.dumps({"answer": answer}, ensure_ascii=False).encode() + b"\n"
        if len(told) > MOST_ANSWER_BYTES:
            return _refused(Refusal.FAILED, f"the answer has {len(told)} bytes: ask for less at once")
        return told


@asynccontextmanager
async def answering(run: Path, handlers: Mapping[Request, Handler]) -> AsyncIterator[None]:
    """Answer requests while the block runs.

    Raises:
        OSError: the directory takes no socket.
    """
    serving = asyncio.create_task(ControlServer(run, handlers).serve())
    try:
        yield
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


def _request(line: bytes) -> tuple[Request, Mapping[str, Any]]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused(Refusal.BAD_REQUEST, "no JSON") from None
    if not isinstance(said, dict):
        raise Refused(Refusal.BAD_REQUEST, "no JSON object")
    name = said.get("request")
    if name not in tuple(Request):
        known = ", ".join(Request)
        raise Refused(Refusal.UNKNOWN_REQUEST, f"{str(name)[:40]!r}; a core can be asked: {known}")
    return Request(name), said


def _refused(refusal: Refusal, detail: str) -> bytes:
    return json.dumps({"refused": refusal, "detail": detail[:1000]}, ensure_ascii=False).encode() + b"\n"
