"""The core's own files while they are opened: what is wrong with one is said with its path."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from narrowgate_gateway.status import StoreClosed
from narrowgate_ingest.pipeline import JournalUnreadable


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Open a file, and whatever belongs to it, in this block.

    Raises:
        StoreClosed: it is damaged, another format version wrote it, or the system does not let us; one line
            that begins with the file's path.
    """
    try:
        yield
    except (duckdb.Error, sqlite3.Error, ValueError, JournalUnreadable, pa.ArrowException) as error:
        raise StoreClosed(_at(path, str(error).splitlines()[0])) from None
    except OSError as error:
        raise StoreClosed(_at(Path(error.filename or path), error.strerror or str(error))) from None


def _at(path: Path, line: str) -> str:
    return line if line.startswith(str(path.parent)) else f"{path}: {line}"
