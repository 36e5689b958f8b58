"""Programs that a test starts, none of which outlives it."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def started(command: Sequence[str], **options: Any) -> "Iterator[subprocess.Popen[str]]":
    """Run a program while a block runs; one that goes on is killed, so that no failing test waits for it.

    Args:
        command: its words.
        options: of `subprocess.Popen`; streams are of text.
    """
    with subprocess.Popen(command, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()
