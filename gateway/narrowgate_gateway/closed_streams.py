"""Standard streams that whoever started us has closed: using one is a fault in words, not nothing."""

import errno
import io
import os
import sys
from typing import NoReturn


class _Closed(io.RawIOBase):
    """A stream that says what it is when it is used."""

    def __init__(self, name: str) -> None:
        self.name = name

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, _: object) -> NoReturn:
        self._refuse()

    def write(self, _: object) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise OSError(errno.EBADF, f"{self.name} is closed")


def stand_in() -> None:
    """Put something in the place of standard streams that are closed.

    Input and output refuse to be used (OSError); what is said on standard error is dropped. The numbers 0, 1
    and 2 are taken, so that no file of ours is opened under one of them and met by what others print.
    """
    missing = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for _ in missing:
        os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stdin is None:
        sys.stdin = _text("standard input")
    if sys.stdout is None:
        sys.stdout = _text("standard output")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stays open to the end


def _text(name: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(_Closed(name), encoding="utf-8", write_through=True)
