"""How the journal's writer tells its readers that there is more: one named pipe a reader.

A pipe, not a socket: its path may be of any length, and a byte sent while nobody listens costs nothing.
"""

import os
import select
import stat
from contextlib import suppress
from pathlib import Path


class Wake:
    """A reader's end: waits until the writer rings, or a time has passed."""

    def __init__(self, directory: Path, name: str) -> None:
        """Make the pipe `wake/<name>` and open it; OSError if it cannot be made or is something else."""
        pipes = directory / "wake"
        pipes.mkdir(exist_ok=True)
        path = pipes / name
        with suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        # Opened for writing too: otherwise the pipe would read as ended whenever the writer restarts.
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISFIFO(os.fstat(self._pipe).st_mode):
            os.close(self._pipe)
            raise FileExistsError(17, "a file stands where a reader's pipe belongs", str(path))
        # Not select.select: that takes no descriptor above 1023.
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def wait(self, seconds: float) -> None:
        """Return when the writer rings or after `seconds`, whichever is first."""
        if self._poll.poll(max(0.0, seconds) * 1000):
            with suppress(BlockingIOError):
                os.read(self._pipe, 4096)

    def ring(self) -> None:
        """End this reader's own wait, from another thread."""
        with suppress(OSError):  # full, or closed already
            os.write(self._pipe, b"!")

    def close(self) -> None:
        """Give the pipe's descriptor back."""
        pipe, self._pipe = self._pipe, -1
        os.close(pipe)


class Bell:
    """The writer's end: rings every reader that listens."""

    def __init__(self, directory: Path) -> None:
        self._pipes = directory / "wake"

    def ring(self) -> None:
        """Wake the readers; one that is not there or not emptying its pipe is passed over."""
        try:
            names = os.listdir(self._pipes)
        except OSError:
            return
        for name in names:
            with suppress(OSError):
                pipe = os.open(self._pipes / name, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                try:
                    os.write(pipe, b"!")
                finally:
                    os.close(pipe)
