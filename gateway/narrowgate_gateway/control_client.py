"""Asking a running core over its unix socket."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from narrowgate_gateway.control import MOST_ANSWER_BYTES, Request, connect

_LOOK_AGAIN_S = 0.5


class NoCore(Exception):
    """No core is up in this home."""


class CoreRefused(Exception):
    """The core did not do what it was asked."""


def ask(run: Path, request: Request, **arguments: Any) -> dict[str, Any]:
    """Ask a core and wait for its answer, however long that takes.

    Args:
        run: the `run` directory of its home.
        request: what.
        arguments: the request's own.

    Raises:
        NoCore: nobody listens.
        CoreRefused: the core said why not.
        OSError: the socket may not be opened, or the connection broke.
    """
    try:
        connection = connect(run)
    except (FileNotFoundError, ConnectionRefusedError):
        raise NoCore(f"{run.parent}: no core is up here") from None
    with connection, connection.makefile("rwb") as stream:
        stream.write(json.dumps({"request": request, **arguments}).encode() + b"\n")
        stream.flush()
        line = stream.readline(MOST_ANSWER_BYTES + 1)
    if not line.endswith(b"\n"):
        raise CoreRefused("the core ended before it had answered; ask again")
    said: dict[str, Any] = json.loads(line)
    if "refused" in said:
        raise CoreRefused(f"{said['refused']}: {said['detail']}")
    answer: dict[str, Any] = said["answer"]
    return answer


def ask_long(run: Path, request: Request, say: Callable[[str], None], **arguments: Any) -> dict[str, Any]:
    """Ask a core for what takes its time, and tell meanwhile what it says of it; raises as `ask`."""
    said = ""
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask, run, request, **arguments)
        while not wait([asking], timeout=_LOOK_AGAIN_S).done:
            with suppress(NoCore, CoreRefused, OSError):
                now = str(ask(run, Request.PROGRESS)["progress"])
                if now and now != said:
                    say(now)
                    said = now
        return asking.result()
