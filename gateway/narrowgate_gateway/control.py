"""What a running core can be asked over its unix socket: one JSON object a line, one answer a line.

    {"request": "retry", "frames": [17, 23], "apply": false}   →   {"answer": {…}}
    {"request": "noise"}                                       →   {"refused": "unknown_request", "detail": …}

Rule 1: requests and refusals are closed sets; sizes are bounded both ways.
Rule 2: whoever may open the socket may do what the core's user may: it has mode 0600.
"""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

SOCKET_NAME = "core.sock"
MOST_REQUEST_BYTES = 1 << 16
MOST_ANSWER_BYTES = 4 << 20


class Request(StrEnum):
    """What can be asked."""

    RETRY = "retry"
    """Run quarantined frames again, or say what would become of them."""
    BACKUP = "backup"
    """Copy the stores as they stand between two batches into a directory."""
    ERASE = "erase"
    """Erase all of a device."""
    REPLAY = "replay"
    """Run history again and say what changes, or let it."""
    PROGRESS = "progress"
    """Say what the pipeline is doing of what it was asked."""
    ARCHIVE = "archive"
    """Archive now what waits for others."""
    SHELVE = "shelve"
    """Keep findings from the desk for a while."""
    UNSHELVE = "unshelve"
    """End that before its time."""
    CLEAR = "clear"
    """End a latched finding."""


class Refusal(StrEnum):
    """Why a request is not done."""

    UNKNOWN_REQUEST = "unknown_request"
    BAD_REQUEST = "bad_request"
    BUSY = "busy"
    """The pipeline did not come to it: too many wait, or a store cannot be written."""
    FAILED = "failed"


@contextmanager
def _short(run: Path) -> Iterator[str]:
    """Give a path of a directory that is short enough for a socket's address, wherever it lies."""
    directory = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}"
    finally:
        os.close(directory)


def bind(run: Path) -> socket.socket:
    """Give the listening socket of a core; the caller holds the core's role, so what lies there is left over.

    Raises:
        OSError: the directory takes no socket, or something else lies in its place.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(FileNotFoundError):
            if stat.S_ISSOCK((run / SOCKET_NAME).lstat().st_mode):
                (run / SOCKET_NAME).unlink()
        # Before it is bound: nobody else can open it at any instant.
        os.fchmod(listening.fileno(), 0o600)
        with _short(run) as short:
            listening.bind(f"{short}/{SOCKET_NAME}")
        listening.listen(8)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, error.strerror, str(run / SOCKET_NAME)) from None
    return listening


def connect(run: Path) -> socket.socket:
    """Give a connection to a core's socket.

    Raises:
        FileNotFoundError, ConnectionRefusedError: no core listens here.
        OSError: it may not be opened.
    """
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(run) as short:
            asking.connect(f"{short}/{SOCKET_NAME}")
    except OSError:
        asking.close()
        raise
    return asking
