"""What the console says when it cannot answer, in one place: which store, and in whose words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from narrowgate_fleet import RegistryFault
from narrowgate_ingest.series import SeriesUnreadable


class StoreUnreadable(RuntimeError):
    """A store did not answer; the message is one line for people."""

    def __init__(self, what: str, words: str) -> None:
        self.what = what
        self.words = " ".join(words.split())
        super().__init__(f"{what}: {self.words}")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn a store's own errors into StoreUnreadable that names what was read."""
    try:
        yield
    except (sqlite3.Error, duckdb.Error, OSError, RegistryFault, SeriesUnreadable) as error:
        raise StoreUnreadable(what, str(error) or type(error).__name__) from error
