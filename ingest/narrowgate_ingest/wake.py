"""How the journal's writer tells its readers that there is more: one named pipe a reader.

A pipe, not a socket: its path may be of any length, and a byte sent while nobody listens costs nothing.
"""

import os
import select
from contextlib import suppress
from pathlib import Path


class Wake:
    """A reader's end: waits until the writer rings, or a time has passed."""

    def __init__(self, directory: Path, name: str) -> None:
        """Make the pipe `wake/<name>` and open it; OSError if the directory takes none."""
        pipes = directory / "wake"
        pipes.mkdir(exist_ok=True)
        path = pipes / name
        if not path.exists():
            os.mkfifo(path, 0o600)
        # Opened for writing too: otherwise the pipe would read as ended whenever the writer restarts.
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def wait(self, seconds: float) -> None:
        """Return when the writer rings or after `seconds`, whichever is first."""
        ready, _, _ = select.select([self._pipe], [], [], seconds)
        if ready:
            os.read(self._pipe, 4096)

    def ring(self) -> None:
        """End this reader's own wait, from another thread."""
        with suppress(BlockingIOError):
            os.write(self._pipe, b"!")

    def close(self) -> None:
        """Give the pipe's descriptor back."""
        os.close(self._pipe)


class Bell:
    """The writer's end: rings every reader that listens."""

    def __init__(self, directory: Path) -> None:
        self._pipes = directory / "wake"

    def ring(self) -> None:
        """Wake the readers; one that is not there or not emptying its pipe is passed over."""
        try:
            names = os.listdir(self._pipes)
        except FileNotFoundError:
            return
        for name in names:
            with suppress(OSError):
                pipe = os.open(self._pipes / name, os.O_WRONLY | os.O_NONBLOCK)
                try:
                    os.write(pipe, b"!")
                finally:
                    os.close(pipe)
