"""Managing who may come in: users, tokens and the audit, for principals that may.

Rule 1: nobody gives what they do not have: scopes and tenants stay within the giver's own.
Rule 2: each change and its row of the audit are one transaction.
"""

import json
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from narrowgate_cases.work import MOST_UNIT
from narrowgate_console.access import MOST_NAME, Access, kept_tenants, new_token, note, read_tenants
from narrowgate_console.passwords import hashed
from narrowgate_console.principals import (
    ROLE_SCOPES,
    Denied,
    NotThere,
    Principal,
    Role,
    Scope,
    Tenants,
    Unfit,
)

MOST_TOKEN_DAYS = 366
DAY_US = 86_400_000_000
_NAME = re.compile(rf"[A-Za-z0-9._@-]{{1,{MOST_NAME}}}")
_TENANT_CHARACTERS = 200
_USERS = (
    "SELECT users.name, role, tenants, enabled, created_at, unit FROM users"
    " LEFT JOIN user_units ON user_units.name = users.name"
)


@dataclass(frozen=True)
class User:
    """A user; times in [us]."""

    name: str
    role: Role
    tenants: Tenants
    is_enabled: bool
    created_at_us: int
    unit: str | None
    """Whose cases alone a contractor sees."""


@dataclass(frozen=True)
class Token:
    """A token without its secret; times in [us]."""

    token: str
    label: str
    scopes: frozenset[Scope]
    tenants: Tenants
    created_by: str
    created_at_us: int
    ends_at_us: int


@dataclass(frozen=True)
class AuditRow:
    """Who did what to what."""

    at_us: int
    principal: str
    action: str
    object: str
    detail: str


class Administration:
    """What one principal may do to users and tokens; users and tokens of others' tenants are not there."""

    def __init__(self, access: Access, principal: Principal) -> None:
        self._access = access
        self._principal = principal

    def _need(self) -> None:
        if not self._principal.may(Scope.ACCESS):
            raise Denied(Scope.ACCESS)

    def users(self) -> list[User]:
        """Give the users, by name."""
        self._need()
        with self._access.file.reading() as connection:
            rows = connection.execute(f"{_USERS} ORDER BY users.name")
            found = [_user(row) for row in rows]
        return [user for user in found if self._principal.covers(user.tenants)]

    def add_user(
        self, name: str, role: Role, tenants: Tenants, password: str, unit: str | None = None
    ) -> None:
        """Add a user; a contractor may be one of a unit, whose cases are then all that is seen of cases.

        Raises:
            Denied: the principal may not, or gives more than it has.
            Unfit: the name or the password is not fit, or the name is taken.
        """
        self._may_give(ROLE_SCOPES[role], tenants)
        if _NAME.fullmatch(name) is None:
            raise Unfit(f"a user's name has 1 to {MOST_NAME} of A-Z a-z 0-9 . _ @ -, got {name!r}")
        if unit is not None and (role is not Role.CONTRACTOR or not _is_unit(unit)):
            raise Unfit(f"a contractor may have a unit, one line of at most {MOST_UNIT} letters")
        kept, now_us = hashed(password), self._access.now_us()
        with self._access.file.writing() as connection:
            try:
                connection.execute(
                    "INSERT INTO users VALUES (?, ?, ?, ?, 1, ?)",
                    (name, role, kept_tenants(tenants), kept, now_us),
                )
            except sqlite3.IntegrityError:
                raise Unfit(f"there is a user {name!r} already") from None
            if unit is not None:
                connection.execute("INSERT INTO user_units VALUES (?, ?)", (name, unit))
            self._note(connection, "user_added", name, role=role, tenants=tenants, unit=unit)

    def change_user(
        self,
        name: str,
        *,
        role: Role | None = None,
        enabled: bool | None = None,
        password: str | None = None,
    ) -> None:
        """Change what is given of a user; a new password, a new role or a lock ends the user's sessions.

        Raises:
            NotThere: there is no such user.
            Denied: the principal may not, or gives more than it has.
            Unfit: the password is not fit, or no administrator would be left.
        """
        self._need()
        kept = None if password is None else hashed(password)
        with self._access.file.writing() as connection:
            user = self._user(connection, name)
            self._may_give(ROLE_SCOPES[role or user.role], user.tenants)
            if user.unit is not None and role not in (None, Role.CONTRACTOR):
                raise Unfit(
                    f"{name!r} is a contractor of {user.unit}: remove and add the user for another role"
                )
            if role not in (None, Role.ADMINISTRATOR) or enabled is False:
                _keep_an_administrator(connection, user)
            connection.execute(
                "UPDATE users SET role = coalesce(?, role), enabled = coalesce(?, enabled),"
                " password = coalesce(?, password) WHERE name = ?",
                (role, enabled, kept, name),
            )
            connection.execute("DELETE FROM sessions WHERE user = ?", (name,))
            self._note(
                connection, "user_changed", name, role=role, enabled=enabled, password=kept and "changed"
            )

    def remove_user(self, name: str) -> None:
        """Remove a user with its sessions; raises as `change_user`."""
        self._need()
        with self._access.file.writing() as connection:
            user = self._user(connection, name)
            _keep_an_administrator(connection, user)
            connection.execute("DELETE FROM users WHERE name = ?", (name,))
            self._note(connection, "user_removed", name)

    def tokens(self) -> list[Token]:
        """Give the tokens, the newest first."""
        self._need()
        with self._access.file.reading() as connection:
            rows = connection.execute(
                "SELECT token, label, scopes, tenants, created_by, created_at, ends_at FROM tokens"
                " ORDER BY created_at DESC, token"
            )
            found = [_token(row) for row in rows]
        return [token for token in found if self._principal.covers(token.tenants)]

    def make_token(self, label: str, scopes: Iterable[Scope], tenants: Tenants, days: int) -> str:
        """Make a token and give its text, which is shown this once and kept nowhere.

        Raises:
            Denied: the principal may not, or gives more than it has.
            Unfit: it has no scope, or its days are out of range.
        """
        wanted = frozenset(scopes)
        self._may_give(wanted, tenants)
        if not wanted:
            raise Unfit(f"a token needs at least one scope of {', '.join(Scope)}")
        if not 1 <= days <= MOST_TOKEN_DAYS:
            raise Unfit(f"a token lives 1 to {MOST_TOKEN_DAYS} days, got {days}")
        token, digest, text = new_token()
        now_us = self._access.now_us()
        with self._access.file.writing() as connection:
            connection.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    token, digest, label, json.dumps(sorted(wanted)), kept_tenants(tenants),
                    self._principal.name, now_us, now_us + days * DAY_US,
                ),
            )  # fmt: skip
            self._note(connection, "token_made", token, label=label, scopes=sorted(wanted), tenants=tenants)
        return text

    def revoke_token(self, token: str) -> None:
        """End a token at once; NotThere if there is none."""
        self._need()
        with self._access.file.writing() as connection:
            row = connection.execute("SELECT tenants FROM tokens WHERE token = ?", (token,)).fetchone()
            if row is None or not self._principal.covers(read_tenants(row[0])):
                raise NotThere(f"there is no token {token!r}")
            connection.execute("DELETE FROM tokens WHERE token = ?", (token,))
            self._note(connection, "token_revoked", token)

    def audit(self, limit: int) -> list[AuditRow]:
        """Give the newest rows of the audit; whoever sees not every tenant sees their own deeds only."""
        self._need()
        own = None if self._principal.tenants is None else self._principal.name
        with self._access.file.reading() as connection:
            rows = connection.execute(
                "SELECT at, principal, action, object, detail FROM audit"
                " WHERE ?1 IS NULL OR principal = ?1 ORDER BY id DESC LIMIT ?2",
                (own, limit),
            )
            return [AuditRow(*row) for row in rows]

    def _may_give(self, scopes: frozenset[Scope], tenants: Tenants) -> None:
        self._need()
        for scope in sorted(scopes - self._principal.scopes):
            raise Denied(scope)
        if tenants is not None and not all(0 < len(name) <= _TENANT_CHARACTERS for name in tenants):
            raise Unfit(f"a tenant's name has 1 to {_TENANT_CHARACTERS} characters")
        if not self._principal.covers(tenants):
            raise Denied(Scope.ACCESS)

    def _user(self, connection: sqlite3.Connection, name: str) -> User:
        row = connection.execute(f"{_USERS} WHERE users.name = ?", (name,)).fetchone()
        if row is None or not self._principal.covers(_user(row).tenants):
            raise NotThere(f"there is no user {name!r}")
        return _user(row)

    def _note(self, connection: sqlite3.Connection, action: str, what: str, **details: object) -> None:
        said = {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in details.items()
            if value is not None
        }
        detail = json.dumps(said, ensure_ascii=False)
        note(connection, self._access.now_us(), self._principal.name, action, what, detail)


def _keep_an_administrator(connection: sqlite3.Connection, user: User) -> None:
    """Refuse what would leave nobody who may mend it, or open the console to this machine again."""
    if user.role is not Role.ADMINISTRATOR or user.tenants is not None:
        return
    (others,) = connection.execute(
        "SELECT count(*) FROM users WHERE role = ? AND tenants IS NULL AND enabled AND name <> ?",
        (Role.ADMINISTRATOR, user.name),
    ).fetchone()
    if others == 0:
        raise Unfit(f"{user.name!r} is the last administrator: add another first")


def _is_unit(unit: str) -> bool:
    return 0 < len(unit) <= MOST_UNIT and unit.isprintable() and unit == unit.strip()


def _user(row: tuple[str, str, str | None, int, int, str | None]) -> User:
    name, role, tenants, enabled, created_at, unit = row
    return User(name, Role(role), read_tenants(tenants), bool(enabled), created_at, unit)


def _token(row: tuple[str, str, str, str | None, str, int, int]) -> Token:
    token, label, scopes, tenants, *rest = row
    held = frozenset(map(Scope, json.loads(scopes)))
    return Token(token, label, held, read_tenants(tenants), *rest)  # type: ignore[arg-type]  # by position
