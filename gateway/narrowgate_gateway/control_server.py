"""Answers what a core is asked over its unix socket, a few askers at a time."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
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
        self._askers: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Answer until cancelled; then the socket is gone."""
        server = await asyncio.start_unix_server(self._attend, sock=self._listening, limit=MOST_REQUEST_BYTES)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            (self._run / SOCKET_NAME).unlink(missing_ok=True)
            for asker in self._askers:
                asker.cancel()
            await asyncio.gather(*self._askers, return_exceptions=True)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._counted(), suppress(ConnectionError, TimeoutError):
            try:
                if len(self._askers) > MOST_ASKERS:
                    writer.write(_refused(Refusal.BUSY, f"{MOST_ASKERS} are asking already"))
                    await writer.drain()
                    return
                await self._converse(reader, writer)
            finally:
                writer.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("askers are attended by tasks")
        self._askers.add(task)
        try:
            yield
        finally:
            self._askers.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await asyncio.wait_for(reader.readuntil(b"\n"), _IDLE_S)
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
