"""`narrowgate users`: who may come into the console: users, tokens, and what was changed."""

import json
import os
import pwd
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from narrowgate_gateway.options import home_option

if TYPE_CHECKING:
    from narrowgate_console import Administration

_ROLES = ("viewer", "contractor", "duty_officer", "administrator")
_SCOPES = (
    "telemetry:read", "cases:read", "cases:work", "cases:decide", "system:read", "metrics:read",
    "access:manage",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_tenant_option = click.option(
    "--tenant", "tenants", multiple=True, help="See this tenant's devices only; may be given again."
)
_password_option = click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="File whose first line is the password; - is standard input. Asked for on a terminal if not given.",
)


@click.group()
def command() -> None:
    """Who may come into the console. While there is nobody, it is open to this machine and no other.

    Example: narrowgate users add ann --role administrator
    """


@command.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), required=True, help="What the user may do.")
@_tenant_option
@click.option("--unit", help="A contractor's unit: only the cases that it was sent to are seen.")
@_password_option
@home_option
def add(
    name: str,
    role: str,
    tenants: tuple[str, ...],
    unit: str | None,
    password_file: IO[str] | None,
    home: Path,
) -> None:
    """Add a user.

    Example: narrowgate users add wei --role viewer --tenant north --password-file wei.txt
    """
    from narrowgate_console import Role

    password = _password(password_file)
    with _administration(home) as administration:
        administration.add_user(name, Role(role), frozenset(tenants) or None, password, unit)
    click.echo(f"{name} is {role} now", err=True)


@command.command("change")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), help="What the user may do from now on.")
@click.option("--enable/--disable", default=None, help="Whether the user may come in.")
@click.option("--password", "new_password", is_flag=True, help="Ask for a new password.")
@_password_option
@home_option
def change(
    name: str,
    role: str | None,
    enable: bool | None,
    new_password: bool,
    password_file: IO[str] | None,
    home: Path,
) -> None:
    """Change a user; their sessions end.

    Example: narrowgate users change wei --disable
    """
    from narrowgate_console import Role

    wants_password = new_password or password_file is not None
    if role is None and enable is None and not wants_password:
        raise click.UsageError("say what is to change: --role, --enable, --disable or --password")
    password = _password(password_file) if wants_password else None
    with _administration(home) as administration:
        administration.change_user(
            name, role=None if role is None else Role(role), enabled=enable, password=password
        )
    click.echo(f"{name} is changed; their sessions ended", err=True)


@command.command("remove")
@click.argument("name")
@home_option
def remove(name: str, home: Path) -> None:
    """Remove a user; their sessions end.

    Example: narrowgate users remove wei
    """
    with _administration(home) as administration:
        administration.remove_user(name)
    click.echo(f"{name} is removed", err=True)


@command.command("list")
@home_option
def list_(home: Path) -> None:
    """Print the users, a line of JSON each.

    Example: narrowgate users list
    """
    with _administration(home) as administration:
        for user in administration.users():
            _print(
                name=user.name,
                role=user.role,
                tenants=_told(user.tenants),
                unit=user.unit,
                enabled=user.is_enabled,
                created_at=_instant(user.created_at_us),
            )


@command.command("token")
@click.argument("label")
@click.option(
    "--scope", "scopes", type=click.Choice(_SCOPES), multiple=True, required=True, help="What it may do."
)
@_tenant_option
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it lives.")
@home_option
def token(label: str, scopes: tuple[str, ...], tenants: tuple[str, ...], days: int, home: Path) -> None:
    """Make a token for a program and print it, this once.

    Example: narrowgate users token prometheus --scope metrics:read --days 365
    """
    from narrowgate_console import Scope

    with _administration(home) as administration:
        click.echo(administration.make_token(label, map(Scope, scopes), frozenset(tenants) or None, days))


@command.command("tokens")
@home_option
def tokens(home: Path) -> None:
    """Print the tokens without their secrets, a line of JSON each.

    Example: narrowgate users tokens
    """
    with _administration(home) as administration:
        for each in administration.tokens():
            _print(
                token=each.token,
                label=each.label,
                scopes=sorted(each.scopes),
                tenants=_told(each.tenants),
                created_by=each.created_by,
                ends_at=_instant(each.ends_at_us),
            )


@command.command("revoke")
@click.argument("token")
@home_option
def revoke(token: str, home: Path) -> None:
    """End a token at once; `users tokens` names them.

    Example: narrowgate users revoke 3f9a1c20
    """
    with _administration(home) as administration:
        administration.revoke_token(token)
    click.echo(f"{token} is revoked", err=True)


@command.command("audit")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many at most.")
@home_option
def audit(limit: int, home: Path) -> None:
    """Print who changed what, the newest first, a line of JSON each.

    Example: narrowgate users audit --limit 20
    """
    with _administration(home) as administration:
        for row in administration.audit(limit):
            _print(
                at=_instant(row.at_us),
                principal=row.principal,
                action=row.action,
                object=row.object,
                detail=row.detail,
            )


@contextmanager
def _administration(home: Path) -> Iterator["Administration"]:
    """Give the administration of a home as whoever may write its files."""
    from narrowgate_console import Access, Administration, NotThere, Principal, Scope

    try:
        access = Access(home)
        try:
            yield Administration(access, Principal(f"cli:{_account()}", frozenset(Scope), None))
        finally:
            access.close()
    except (NotThere, ValueError) as refused:
        raise click.ClickException(str(refused)) from refused
    except sqlite3.Error as fault:
        raise click.ClickException(f"{home / 'access.db'}: {fault}") from fault


def _account() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _password(file: IO[str] | None) -> str:
    """Give a password from a file, standard input or the terminal: an argument is seen by others."""
    if file is not None:
        return str(file.readline()).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("no terminal to ask for the password on: use --password-file (- is stdin)")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _print(**row: object) -> None:
    click.echo(json.dumps(row, ensure_ascii=False))


def _told(tenants: frozenset[str] | None) -> list[str] | None:
    return None if tenants is None else sorted(tenants)


def _instant(at_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="seconds").replace("+00:00", "Z")
