import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from narrowgate_console import (
    LOCAL,
    Access,
    Administration,
    Denied,
    NotThere,
    Principal,
    Role,
    Scope,
    access_tables,
)
from narrowgate_console.access import SESSION_S, SESSIONS_A_USER, SignInRefused
from narrowgate_console.lockout import FIRST_LOCK_S, LIMITS
from narrowgate_console.principals import ROLE_SCOPES, Unfit

PASSWORD = "correct horse battery"  # noqa: S105 - nobody's
HERE = "192.0.2.7"


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at_us = 1_700_000_000_000_000

    def __call__(self) -> int:
        """Give the instant [us]."""
        return self.at_us

    def pass_s(self, seconds: float) -> None:
        """Let time pass [s]."""
        self.at_us += int(seconds * 1e6)


@pytest.fixture
def watch() -> Watch:
    """A clock that a test moves."""
    return Watch()


@pytest.fixture
def access(tmp_path: Path, watch: Watch) -> Iterator[Access]:
    """A home with one administrator, ann, and a viewer of the tenant north, wei."""
    opened = Access(tmp_path, watch)
    chief = Administration(opened, LOCAL)
    chief.add_user("ann", Role.ADMINISTRATOR, None, PASSWORD)
    chief.add_user("wei", Role.VIEWER, frozenset({"north"}), PASSWORD)
    yield opened
    opened.close()


@pytest.fixture
def chief(access: Access) -> Administration:
    """The administration as an administrator of everything has it."""
    return Administration(access, Principal("user:ann", frozenset(Scope), None))


def test_a_home_without_users_is_this_machines(tmp_path: Path) -> None:
    """While there is neither user nor token, whoever sits at the machine is its administrator."""
    assert Access(tmp_path).local() == LOCAL


@pytest.mark.parametrize("what", ["user", "token"])
def test_the_first_user_or_token_closes_the_console(tmp_path: Path, what: str) -> None:
    """The first user, and the first token, end that this machine is let in unasked."""
    access = Access(tmp_path)
    if what == "user":
        Administration(access, LOCAL).add_user("ann", Role.ADMINISTRATOR, None, PASSWORD)
    else:
        Administration(access, LOCAL).make_token("t", [Scope.METRICS], None, 1)

    assert access.local() is None


def test_its_files_are_their_owners_alone(access: Access, tmp_path: Path) -> None:
    """The file of users, its side files and the secret can be read by their owner only."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert set(modes.values()) == {0o600}
    assert {"access.db", "access.key"} <= set(modes)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """A secret with a loose mode is refused with what would be right."""
    Access(tmp_path).close()
    (tmp_path / "access.key").chmod(0o644)

    with pytest.raises(ValueError, match=r"access\.key: others may read this secret: chmod 600 access\.key"):
        Access(tmp_path)


def test_a_process_that_fell_while_it_made_the_secret_keeps_none_from_starting(tmp_path: Path) -> None:
    """A file that one of the same number began, as in a container at each start, gives way."""
    (tmp_path / f"access.key.{os.getpid()}.unfinished").write_bytes(b"half")
    Access(tmp_path).close()

    assert len((tmp_path / "access.key").read_bytes()) == 32
    assert list(tmp_path.glob("*.unfinished")) == []


def test_neither_password_nor_token_is_kept(access: Access, chief: Administration, tmp_path: Path) -> None:
    """The files hold neither a password nor a token's secret nor a session's cookie."""
    secret = chief.make_token("t", [Scope.METRICS], None, 1).split("_", 2)[2]
    session = access.sign_in("ann", PASSWORD, HERE).partition(".")[0]
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert [word for word in (PASSWORD, secret, session) if word.encode() in kept] == []
    assert b"$argon2id$" in kept


def test_a_session_is_its_users(access: Access) -> None:
    """A cookie stands for its user, with the role's scopes and the user's tenants."""
    principal = access.of_cookie(access.sign_in("wei", PASSWORD, HERE))

    assert principal is not None
    assert (principal.name, principal.scopes, principal.tenants) == (
        "user:wei",
        ROLE_SCOPES[Role.VIEWER],
        frozenset({"north"}),
    )


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "\x00", "é.é", "a" * 5000])
def test_a_cookie_that_the_home_did_not_make_is_nobodys(access: Access, cookie: str) -> None:
    """A made-up cookie stands for nobody."""
    assert access.of_cookie(cookie) is None


def test_another_homes_cookie_is_nobodys(access: Access, tmp_path: Path) -> None:
    """A cookie that is sealed with another home's secret stands for nobody."""
    cookie = access.sign_in("ann", PASSWORD, HERE)
    (tmp_path / "access.key").unlink()

    assert Access(tmp_path, access.now_us).of_cookie(cookie) is None


def test_a_session_ends_by_itself(access: Access, watch: Watch) -> None:
    """A session ends after half a day, however often it is used."""
    cookie = access.sign_in("ann", PASSWORD, HERE)
    watch.pass_s(SESSION_S - 1)
    before = access.of_cookie(cookie)
    watch.pass_s(1)

    assert (before is not None, access.of_cookie(cookie)) == (True, None)


def test_signing_out_ends_the_session_everywhere(access: Access) -> None:
    """A cookie that was copied before signing out is of no use afterwards."""
    cookie = access.sign_in("ann", PASSWORD, HERE)
    access.sign_out(cookie)

    assert access.of_cookie(cookie) is None


@pytest.mark.parametrize(
    "change", [{"role": Role.CONTRACTOR}, {"enabled": False}, {"password": PASSWORD * 2}]
)
def test_a_change_ends_the_users_sessions(
    access: Access, chief: Administration, change: dict[str, Role | bool | str]
) -> None:
    """Whoever is changed signs in anew, as who they are now."""
    cookie = access.sign_in("wei", PASSWORD, HERE)
    chief.change_user("wei", **change)  # type: ignore[arg-type]  # each case names its own

    assert access.of_cookie(cookie) is None


def test_sessions_of_a_user_are_bounded(access: Access, watch: Watch) -> None:
    """A user who signs in again and again keeps the newest sessions only."""
    cookies = []
    for _ in range(SESSIONS_A_USER + 2):
        watch.pass_s(1)
        cookies.append(access.sign_in("ann", PASSWORD, HERE))
    alive = [access.of_cookie(cookie) is not None for cookie in cookies]

    assert alive == [False, False, *[True] * SESSIONS_A_USER]


@pytest.mark.parametrize(
    ("name", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("ann", "")]
)
def test_a_wrong_name_and_a_wrong_password_look_the_same(access: Access, name: str, password: str) -> None:
    """A refusal does not tell whether there is such a user."""
    with pytest.raises(SignInRefused, match="name or password is wrong"):
        access.sign_in(name, password, HERE)


def _fail(access: Access, times: int, name: str = "ann", address: str = HERE) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            access.sign_in(name, "wrong", address)


def test_failures_lock_out(access: Access, watch: Watch) -> None:
    """After five failures not even the right password opens, until the lock has passed."""
    _fail(access, LIMITS["pair"])
    with pytest.raises(SignInRefused, match="too many failures") as refused:
        access.sign_in("ann", PASSWORD, HERE)
    watch.pass_s(FIRST_LOCK_S)

    assert refused.value.again_in_s == FIRST_LOCK_S
    assert access.of_cookie(access.sign_in("ann", PASSWORD, HERE)) is not None


def test_each_further_failure_locks_longer(access: Access, watch: Watch) -> None:
    """A lock that was waited for doubles with the next failure."""
    _fail(access, LIMITS["pair"])
    watch.pass_s(FIRST_LOCK_S)
    _fail(access, 1)
    with pytest.raises(SignInRefused) as refused:
        access.sign_in("ann", PASSWORD, HERE)

    assert refused.value.again_in_s == 2 * FIRST_LOCK_S


def test_a_stranger_does_not_lock_the_owner_out(access: Access) -> None:
    """Guessing at a name from one address does not keep its owner out at another."""
    _fail(access, LIMITS["pair"], address="203.0.113.9")

    assert access.sign_in("ann", PASSWORD, HERE)


def test_an_address_that_tries_many_names_is_locked(access: Access) -> None:
    """An address that guesses at many names is locked for every name."""
    for n in range(LIMITS["address"]):
        _fail(access, 1, name=f"user{n}")

    with pytest.raises(SignInRefused, match="too many failures"):
        access.sign_in("ann", PASSWORD, HERE)


def test_a_lock_outlives_a_restart(access: Access, tmp_path: Path) -> None:
    """A restart of the gateway forgives no failures."""
    _fail(access, LIMITS["pair"])

    with pytest.raises(SignInRefused, match="too many failures"):
        Access(tmp_path, access.now_us).sign_in("ann", PASSWORD, HERE)


def test_a_token_is_a_program_with_its_own_scopes(access: Access, chief: Administration) -> None:
    """A token stands for its scopes and tenants, and no more."""
    principal = access.of_token(chief.make_token("scraper", [Scope.METRICS], frozenset({"north"}), 1))

    assert principal is not None
    assert (principal.scopes, principal.tenants) == (frozenset({Scope.METRICS}), frozenset({"north"}))


def test_a_token_ends_by_itself(access: Access, chief: Administration, watch: Watch) -> None:
    """A token is of no use from the end of its last day on."""
    text = chief.make_token("t", [Scope.METRICS], None, 1)
    watch.pass_s(86_400)

    assert access.of_token(text) is None


def test_a_revoked_token_is_of_no_use(access: Access, chief: Administration) -> None:
    """A token ends at once when it is revoked."""
    text = chief.make_token("t", [Scope.METRICS], None, 1)
    chief.revoke_token(chief.tokens()[0].token)

    assert access.of_token(text) is None


def test_a_token_with_another_secret_is_nobodys(access: Access, chief: Administration) -> None:
    """The public part of a token opens nothing."""
    token = chief.make_token("t", [Scope.METRICS], None, 1).split("_")[1]

    assert [access.of_token(text) for text in (f"ngt_{token}_x", f"ngt_{token}_", token, "")] == [None] * 4


@pytest.mark.parametrize(("days", "scopes"), [(0, [Scope.METRICS]), (367, [Scope.METRICS]), (1, [])])
def test_a_token_without_end_or_use_is_refused(chief: Administration, days: int, scopes: list[Scope]) -> None:
    """A token has an end within a year and at least one scope."""
    with pytest.raises(Unfit):
        chief.make_token("t", scopes, None, days)


def test_nobody_gives_more_than_they_have(access: Access) -> None:
    """A tenant's administrator cannot make one for every tenant, nor a token with scopes that it lacks."""
    north = Administration(access, Principal("user:n", frozenset(Scope), frozenset({"north"})))
    poor = Administration(access, Principal("token:p", frozenset({Scope.ACCESS}), None))

    with pytest.raises(Denied):
        north.add_user("eve", Role.VIEWER, None, PASSWORD)
    with pytest.raises(Denied):
        poor.make_token("t", [Scope.SYSTEM], None, 1)


def test_another_tenants_users_are_not_there(access: Access) -> None:
    """A tenant's administrator neither sees nor changes users of others."""
    south = Administration(access, Principal("user:s", frozenset(Scope), frozenset({"south"})))

    assert south.users() == []
    with pytest.raises(NotThere):
        south.change_user("wei", enabled=False)


@pytest.mark.parametrize(
    "deed",
    [
        lambda chief: chief.change_user("ann", enabled=False),
        lambda chief: chief.change_user("ann", role=Role.VIEWER),
        lambda chief: chief.remove_user("ann"),
    ],
)
def test_the_last_administrator_stays(chief: Administration, deed: Callable[[Administration], None]) -> None:
    """Nobody can be left without an administrator, nor the console open again by that."""
    with pytest.raises(Unfit, match="'ann' is the last administrator: add another first"):
        deed(chief)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ann\n", "é", "../x"])
def test_odd_names_are_refused(chief: Administration, name: str) -> None:
    """A user's name can stand in a log line and a URL."""
    with pytest.raises(Unfit, match="a user's name has 1 to 64"):
        chief.add_user(name, Role.VIEWER, None, PASSWORD)


def test_a_taken_name_is_refused(chief: Administration) -> None:
    """A second user of a name is refused, and the first stays."""
    with pytest.raises(Unfit, match="there is a user 'ann' already"):
        chief.add_user("ann", Role.VIEWER, None, PASSWORD)


def test_every_change_is_audited(access: Access, chief: Administration) -> None:
    """Who did what to what stands in the audit, the newest first, without secrets."""
    chief.change_user("wei", enabled=False, password=PASSWORD * 2)
    cookie = access.sign_in("ann", PASSWORD, HERE)
    access.sign_out(cookie)
    rows = chief.audit(10)

    assert [(row.principal, row.action, row.object) for row in rows] == [
        ("user:ann", "signed_out", "ann"),
        ("user:ann", "signed_in", "ann"),
        ("user:ann", "user_changed", "wei"),
        ("local", "user_added", "wei"),
        ("local", "user_added", "ann"),
    ]
    assert rows[2].detail == '{"enabled": false, "password": "changed"}'


def test_strangers_do_not_make_the_audit_grow(access: Access, chief: Administration) -> None:
    """Of many failed sign-ins the audit has the lock, not each."""
    before = len(chief.audit(500))
    _fail(access, 40)

    assert [row.action for row in chief.audit(500)[: -before or None]] == ["locked_out"]


def test_the_audit_is_never_changed(access: Access) -> None:
    """No row of the audit can be changed or removed."""
    with (
        pytest.raises(sqlite3.IntegrityError, match="the audit is never cut"),
        access.file.writing() as connection,
    ):
        connection.execute("DELETE FROM audit")


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    """A file that is no access file is refused by name, and left alone."""
    with sqlite3.connect(tmp_path / "access.db") as other:
        other.execute("CREATE TABLE sheep (n)")

    with pytest.raises(ValueError, match=r"access\.db: is no access file of format 1"):
        Access(tmp_path)


def test_a_file_that_could_not_be_made_whole_is_made_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that fails takes those before it along: the file is empty still, and no strange one."""
    path = tmp_path / "access.db"
    broken = access_tables._DDL.replace("CREATE TABLE sessions", "DROP TABLE nothing;\nCREATE TABLE sessions")
    with monkeypatch.context() as release:
        release.setattr(access_tables, "_DDL", broken)
        with pytest.raises(sqlite3.OperationalError, match="nothing"):
            access_tables.AccessFile(path)

    access_tables.AccessFile(path).close()
