"""Who is it: sessions of users by cookie, tokens of programs, and this machine while there are neither."""

import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from narrowgate_console.access_tables import AccessFile
from narrowgate_console.lockout import count_failure, forget, locked_until
from narrowgate_console.passwords import is_right
from narrowgate_console.principals import LOCAL, ROLE_SCOPES, Principal, Role, Scope, Tenants
from narrowgate_console.sealing import Seal, home_key

SESSION_S = 12 * 3600
SESSIONS_A_USER = 20
TOKEN_PREFIX = "ngt"  # noqa: S105 - what every token begins with, so that scanners know one
MOST_NAME = 64


def wall_us() -> int:
    """Give the host's time [us]: sessions and tokens end by it, whatever the city's clock says."""
    return time.time_ns() // 1000


class SignInRefused(Exception):
    """A sign-in that is not accepted."""

    def __init__(self, again_in_s: int | None) -> None:
        self.again_in_s = again_in_s
        """How long the lock holds [s]; None if nothing is locked."""
        super().__init__("name or password is wrong" if again_in_s is None else "too many failures")


class Access:
    """The home's users, sessions and tokens; every method may be called from any thread."""

    def __init__(self, home: Path, now_us: Callable[[], int] = wall_us) -> None:
        """Open `access.db` and `access.key` of a home, made if they are not there.

        Raises:
            ValueError: one of them is not ours, or others may read it.
            OSError, sqlite3.Error: one of them cannot be used.
        """
        self.file = AccessFile(home / "access.db")
        self._seal = Seal(home_key(home / "access.key"))
        self.now_us = now_us

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def is_empty(self) -> bool:
        """Say whether there is no user and no token: then this machine is the administrator."""
        with self.file.reading() as connection:
            (some,) = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM tokens)"
            ).fetchone()
        return not some

    def local(self) -> Principal | None:
        """Give the principal of this machine; None once there are users or tokens."""
        return LOCAL if self.is_empty() else None

    def of_cookie(self, cookie: str) -> Principal | None:
        """Give whose session a cookie is; None if it is none, over, or its user may no longer come in."""
        session = self._seal.opened(cookie)
        if session is None:
            return None
        with self.file.reading() as connection:
            row = connection.execute(
                "SELECT users.name, role, tenants, unit"
                " FROM sessions JOIN users ON users.name = sessions.user"
                " LEFT JOIN user_units ON user_units.name = users.name"
                " WHERE digest = ? AND ends_at > ? AND enabled",
                (_digest(session), self.now_us()),
            ).fetchone()
        if row is None:
            return None
        name, role, tenants, unit = row
        scopes = ROLE_SCOPES[Role(role)]
        return Principal(f"user:{name}", scopes, read_tenants(tenants), self._seal.csrf(session), unit)

    def of_token(self, text: str) -> Principal | None:
        """Give whose token a text is; None if it is none, or over."""
        prefix, _, rest = text.partition("_")
        token, _, secret = rest.partition("_")
        if prefix != TOKEN_PREFIX or not secret:
            return None
        with self.file.reading() as connection:
            row = connection.execute(
                "SELECT digest, scopes, tenants FROM tokens WHERE token = ? AND ends_at > ?",
                (token, self.now_us()),
            ).fetchone()
        if row is None or not hmac.compare_digest(row[0], _digest(secret)):
            return None
        return Principal(f"token:{token}", frozenset(map(Scope, json.loads(row[1]))), read_tenants(row[2]))

    def sign_in(self, name: str, password: str, address: str) -> str:
        """Give the cookie of a new session.

        Args:
            name: the user's.
            password: as it was typed.
            address: where the attempt comes from.

        Raises:
            SignInRefused: name or password is wrong, or too many were; which of the two stays unsaid.
        """
        name = name[:MOST_NAME]
        now_us = self.now_us()
        with self.file.reading() as connection:
            until = locked_until(connection, name, address, now_us)
            row = connection.execute("SELECT password FROM users WHERE name = ? AND enabled", (name,))
            kept = row.fetchone()
        if until is None and is_right(kept[0] if kept is not None else None, password):
            return self._begin(name, address, now_us)
        self._refuse(name, address, until, now_us)
        raise SignInRefused(None if until is None else max(1, (until - now_us) // 1_000_000))

    def _begin(self, name: str, address: str, now_us: int) -> str:
        session = secrets.token_urlsafe(24)
        with self.file.writing() as connection:
            # Counted again here: guesses that were checked side by side do not slip past the lock.
            until = locked_until(connection, name, address, now_us)
            if until is not None:
                raise SignInRefused(max(1, (until - now_us) // 1_000_000))
            forget(connection, name, address)
            connection.execute("DELETE FROM sessions WHERE ends_at <= ?", (now_us,))
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?)",
                (_digest(session), name, now_us, now_us + SESSION_S * 1_000_000),
            )
            connection.execute(
                "DELETE FROM sessions WHERE user = ?1 AND digest NOT IN"
                " (SELECT digest FROM sessions WHERE user = ?1 ORDER BY created_at DESC LIMIT ?2)",
                (name, SESSIONS_A_USER),
            )
            note(connection, now_us, f"user:{name}", "signed_in", name, address)
        return self._seal.sealed(session)

    def _refuse(self, name: str, address: str, until: int | None, now_us: int) -> None:
        """Count a failure; the audit has each lock, not each failure: strangers do not make it grow."""
        if until is not None:
            return
        with self.file.writing() as connection:
            count_failure(connection, name, address, now_us)
            if locked_until(connection, name, address, now_us) is not None:
                note(connection, now_us, "nobody", "locked_out", name, address)

    def sign_out(self, cookie: str) -> None:
        """End a cookie's session, here and everywhere."""
        session = self._seal.opened(cookie)
        if session is None:
            return
        with self.file.writing() as connection:
            ended = connection.execute(
                "DELETE FROM sessions WHERE digest = ? RETURNING user", (_digest(session),)
            ).fetchone()
            if ended is not None:
                note(connection, self.now_us(), f"user:{ended[0]}", "signed_out", ended[0], "")


def note(
    connection: sqlite3.Connection, at_us: int, principal: str, action: str, what: str, detail: str
) -> None:
    """Write a row of the audit, in the transaction of what it tells of."""
    connection.execute(
        "INSERT INTO audit (at, principal, action, object, detail) VALUES (?, ?, ?, ?, ?)",
        (at_us, principal, action, what, detail),
    )


def new_token() -> tuple[str, bytes, str]:
    """Give a new token: its public part, what is kept of its secret, and the whole text."""
    token, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    return token, _digest(secret), f"{TOKEN_PREFIX}_{token}_{secret}"


def read_tenants(kept: str | None) -> Tenants:
    """Give tenants as they are kept: a JSON list, or null for everybody's."""
    return None if kept is None else frozenset(json.loads(kept))


def kept_tenants(tenants: Tenants) -> str | None:
    """Give tenants as they are kept."""
    return None if tenants is None else json.dumps(sorted(tenants), ensure_ascii=False)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
