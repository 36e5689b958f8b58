"""Lock-out after failed sign-ins: from one address for one name, from one address, and for one name.

The three limits differ, so that a stranger who guesses at a name's password locks out himself long before
he locks out its owner.
"""

import sqlite3

LIMITS = {"pair": 5, "address": 25, "name": 100}
"""Failures before the subject is locked."""
FIRST_LOCK_S = 60
LONGEST_LOCK_S = 3600
FORGOTTEN_AFTER_S = 86_400
MOST_SUBJECTS = 10_000


def subjects(name: str, address: str) -> dict[str, str]:
    """Give what failures are counted for, by kind."""
    return {"pair": f"pair {address} {name}", "address": f"address {address}", "name": f"name {name}"}


def locked_until(connection: sqlite3.Connection, name: str, address: str, now_us: int) -> int | None:
    """Give when the lock ends [us]; None if there is none."""
    keys = tuple(subjects(name, address).values())
    (until,) = connection.execute(
        "SELECT max(locked_until) FROM failures WHERE subject IN (?, ?, ?)", keys
    ).fetchone()
    return int(until) if until is not None and until > now_us else None


def count_failure(connection: sqlite3.Connection, name: str, address: str, now_us: int) -> None:
    """Count a failed sign-in, in the caller's transaction; lock what has reached its limit."""
    for kind, subject in subjects(name, address).items():
        row = connection.execute(
            "SELECT failures, last_at FROM failures WHERE subject = ?", (subject,)
        ).fetchone()
        is_fresh = row is not None and now_us - row[1] < FORGOTTEN_AFTER_S * 1_000_000
        failures = row[0] + 1 if row is not None and is_fresh else 1
        until = now_us + _lock_s(failures - LIMITS[kind]) * 1_000_000
        connection.execute(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", (subject, failures, now_us, until)
        )
    _bound(connection)


def forget(connection: sqlite3.Connection, name: str, address: str) -> None:
    """Forget the failures of a name at an address, after a sign-in that went well."""
    keys = subjects(name, address)
    connection.execute("DELETE FROM failures WHERE subject = ?", (keys["pair"],))


def _lock_s(beyond: int) -> int:
    """Give the lock [s] for the failures from the limit on: none below it, then twice as long each time."""
    return 0 if beyond < 0 else min(LONGEST_LOCK_S, FIRST_LOCK_S << min(beyond, 10))


def _bound(connection: sqlite3.Connection) -> None:
    (count,) = connection.execute("SELECT count(*) FROM failures").fetchone()
    if count > MOST_SUBJECTS:
        connection.execute(
            "DELETE FROM failures WHERE subject IN"
            " (SELECT subject FROM failures ORDER BY locked_until, last_at LIMIT ?)",
            (count - MOST_SUBJECTS,),
        )
