"""Connections of those who read the telemetry, one for each thread, and a door that can be shut."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import duckdb


class Readers:
    """Hands each thread a connection of its own; while the door is shut, who asks waits."""

    def __init__(self, connected: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        """Take what makes a new connection."""
        self._connected = connected
        self._own = threading.local()
        self._all: dict[threading.Thread, duckdb.DuckDBPyConnection] = {}
        self._turn = 0
        self._reading = 0
        self._is_shut = False
        self._changed = threading.Condition()

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the calling thread's connection for a question."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_shut)
            self._reading += 1
        try:
            yield self._of_thread()
        finally:
            with self._changed:
                self._reading -= 1
                self._changed.notify_all()

    def _of_thread(self) -> duckdb.DuckDBPyConnection:
        if getattr(self._own, "turn", -1) != self._turn:
            connection = self._connected()
            with self._changed:
                # Threads that answer pages come and go.
                for thread in [each for each in self._all if not each.is_alive()]:
                    self._close(self._all.pop(thread))
                self._all[threading.current_thread()] = connection
            self._own.connection, self._own.turn = connection, self._turn
        found: duckdb.DuckDBPyConnection = self._own.connection
        return found

    @staticmethod
    def _close(connection: duckdb.DuckDBPyConnection) -> None:
        with suppress(duckdb.Error):
            connection.close()

    def __len__(self) -> int:
        """Give how many connections are open."""
        return len(self._all)

    def forget(self) -> None:
        """Let every thread ask for a new connection from now on."""
        self._turn += 1

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Wait until nobody reads, close all connections, and let nobody in within the block."""
        with self._changed:
            self._is_shut = True
            self._changed.wait_for(lambda: self._reading == 0)
        try:
            for connection in self._all.values():
                self._close(connection)
            self._all.clear()
            self.forget()
            yield
        finally:
            with self._changed:
                self._is_shut = False
                self._changed.notify_all()
