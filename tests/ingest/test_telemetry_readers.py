"""Connections of those who read the telemetry: one for each thread that lives."""

import threading

import duckdb

from narrowgate_ingest.telemetry_readers import Readers


def asked_by_threads(readers: Readers, count: int) -> list[int]:
    """Give the answers to one question by so many threads, each behind the other's end."""
    answers: list[int] = []

    def ask() -> None:
        with readers.connection() as connection:
            answers.extend(number for (number,) in connection.execute("SELECT 7").fetchall())

    for _ in range(count):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    return answers


def test_threads_that_ended_leave_no_connection() -> None:
    """However many threads ever asked, those that are gone keep the last one's at most."""
    database = duckdb.connect()
    readers = Readers(database.cursor)

    assert asked_by_threads(readers, 9) == [7] * 9
    assert len(readers) == 1


def test_a_thread_that_lives_keeps_its_connection() -> None:
    """What others open and leave behind does not touch it."""
    readers = Readers(duckdb.connect().cursor)
    with readers.connection() as first:
        pass
    asked_by_threads(readers, 3)

    with readers.connection() as again:
        assert again is first
