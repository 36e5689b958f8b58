"""What a process of the gateway says of itself to the others: one small JSON file, whole or not there."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any


class AlreadyRunning(Exception):
    """Another process of this role works in the same home."""


class StoreClosed(Exception):
    """A file that only the core needs cannot be opened; devices can be acknowledged all the same."""


class Role:
    """One role (edge or core) of a home: held by one process at a time."""

    def __init__(self, run: Path, name: str) -> None:
        """Take the role.

        Raises:
            AlreadyRunning: another process holds it.
            OSError: the directory takes no file.
        """
        run.mkdir(parents=True, exist_ok=True)
        self._path = run / f"{name}.json"
        self._lock = os.open(run / f"{name}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise AlreadyRunning(f"{run.parent}: a gateway's {name} is running here already") from None
        self._path.unlink(missing_ok=True)

    def ready(self, **facts: object) -> None:
        """Say that the process is ready, with its pid and what others need to reach it."""
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"pid": os.getpid(), **facts}))
        temporary.replace(self._path)

    def release(self) -> None:
        """Give the role back."""
        self._path.unlink(missing_ok=True)
        os.close(self._lock)


def read_status(run: Path, name: str) -> dict[str, Any] | None:
    """Give what a role said of itself, or None while it is not ready."""
    try:
        status = json.loads((run / f"{name}.json").read_text())
    except (OSError, ValueError):
        return None
    return status if isinstance(status, dict) and "pid" in status else None
