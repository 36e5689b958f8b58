"""Asking a running core over its unix socket."""

import json
from pathlib import Path
from typing import Any

from narrowgate_gateway.control import MOST_ANSWER_BYTES, Request, connect


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
