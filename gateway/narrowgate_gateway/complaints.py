"""What a process says when something is wrong: one line each on standard error, and not too many.

Strangers decide how often some of these lines come, so there is a most of them a minute.
"""

import io
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType

MOST_LINES_A_MINUTE = 30
_LONGEST_LINE = 400


def complain(who: str, line: str) -> None:
    """Write one line to standard error, whatever the text holds; a line that cannot be written is lost.

    Whoever reads the lines may be gone and the disk under them full: neither stops the gateway.
    """
    text = " ".join(line.split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    if sys.stderr is None:
        return  # closed by whoever started us
    with suppress(OSError, ValueError):
        sys.stderr.write(f"narrowgate{f' {who}' if who else ''}: {shown[:_LONGEST_LINE]}\n")
        sys.stderr.flush()


class Lines(logging.Handler):
    """Says log records in one line each; beyond the most a minute they are counted only."""

    def __init__(self, who: str) -> None:
        """Speak for one process; warnings and worse."""
        super().__init__(logging.WARNING)
        self._who = who
        self._minute = -1
        self._said = 0
        self._unsaid = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Say a record, or count it."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._said = minute, 0
            if self._unsaid:
                complain(self._who, f"{self._unsaid} more lines like the last ones were left out")
            self._unsaid = 0
        self._said += 1
        if self._said > MOST_LINES_A_MINUTE:
            self._unsaid += 1
            return
        complain(self._who, _told(record))


def _told(record: logging.LogRecord) -> str:
    if isinstance(record.msg, str) and record.exc_info and record.exc_info[1] is not None:
        return f"{record.getMessage().splitlines()[0]}: {fault_line(record.exc_info[1])}"
    return record.getMessage()


def fault_line(fault: BaseException) -> str:
    """Give a fault of ours in words."""
    return f"{type(fault).__name__}: {fault}" if str(fault) else type(fault).__name__


def speak_plainly(who: str) -> None:
    """Have this process say log records and unforeseen faults in one line each.

    `NARROWGATE_DEBUG=1` leaves faults their traceback.
    """
    _write_at_once()
    logging.root.handlers[:] = [Lines(who)]
    logging.captureWarnings(True)
    if os.environ.get("NARROWGATE_DEBUG"):
        return

    def end(kind: type[BaseException], fault: BaseException | None, trace: TracebackType | None) -> None:
        if fault is not None and not isinstance(fault, KeyboardInterrupt):
            complain(who, f"internal fault: {fault_line(fault)} (NARROWGATE_DEBUG=1 shows where)")

    def end_thread(arguments: threading.ExceptHookArgs) -> None:
        end(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    sys.excepthook = end
    threading.excepthook = end_thread


def _write_at_once() -> None:
    """Keep nothing back for standard error: what lies unwritten at the end would change the exit code."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):  # no file behind it
        at_once = io.FileIO(sys.stderr.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(at_once, sys.stderr.encoding, "backslashreplace", write_through=True)
