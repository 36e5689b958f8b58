import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from narrowgate_console import Access
from narrowgate_console.access import SignInRefused
from narrowgate_gateway.app import narrowgate

PASSWORD = "correct horse battery"  # noqa: S105 - nobody's


def run(home: Path, *arguments: str, typed: str | None = None) -> Result:
    """Run `narrowgate users` on a home."""
    return CliRunner().invoke(narrowgate, ["users", *arguments, "--home", str(home)], input=typed)


def add(home: Path, name: str = "ann", role: str = "administrator", *more: str) -> Result:
    """Add a user whose password comes by standard input."""
    return run(home, "add", name, "--role", role, "--password-file", "-", *more, typed=f"{PASSWORD}\n")


def test_the_first_administrator_comes_in_by_the_verb(tmp_path: Path) -> None:
    """A user that the verb adds can sign in, and the console is open to nobody else from then on."""
    added = add(tmp_path)
    access = Access(tmp_path)

    assert (added.exit_code, access.local()) == (0, None)
    assert access.of_cookie(access.sign_in("ann", PASSWORD, "127.0.0.1")) is not None


def test_a_password_is_read_from_a_file(tmp_path: Path) -> None:
    """The first line of a file is the password."""
    (tmp_path / "secret").write_text(f"{PASSWORD}\nsomething else\n", encoding="utf-8")
    run(tmp_path, "add", "ann", "--role", "viewer", "--password-file", str(tmp_path / "secret"))

    assert Access(tmp_path).sign_in("ann", PASSWORD, "127.0.0.1")


def test_a_password_is_no_argument(tmp_path: Path) -> None:
    """Without a terminal and without a file there is no password, and no default one."""
    refused = run(tmp_path, "add", "ann", "--role", "viewer")

    assert (refused.exit_code, "use --password-file" in refused.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "ann", "--role", "viewer", "--password-file", "-"), "a password has 12 to 1024 characters"),
        (("remove", "nobody"), "there is no user 'nobody'"),
        (("revoke", "3f9a1c20"), "there is no token '3f9a1c20'"),
        (("change", "nobody", "--disable"), "there is no user 'nobody'"),
    ],
)
def test_a_refusal_is_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """What cannot be done is said in one line, with exit code 1."""
    refused = run(tmp_path, *arguments, typed="short\n")

    assert (refused.exit_code, words in refused.output, refused.output.count("\n")) == (1, True, 1)


def test_a_change_without_a_wish_is_wrong_use(tmp_path: Path) -> None:
    """A change that names nothing to change is wrong use."""
    assert run(tmp_path, "change", "ann").exit_code == 2


def test_users_are_listed_as_json(tmp_path: Path) -> None:
    """Each user is a line of JSON, without a password."""
    add(tmp_path)
    add(tmp_path, "wei", "viewer", "--tenant", "north", "--tenant", "south")
    listed = [json.loads(line) for line in run(tmp_path, "list").stdout.splitlines()]

    assert [(user["name"], user["role"], user["tenants"]) for user in listed] == [
        ("ann", "administrator", None),
        ("wei", "viewer", ["north", "south"]),
    ]
    assert all(set(user) == {"name", "role", "tenants", "unit", "enabled", "created_at"} for user in listed)


def test_a_disabled_user_does_not_come_in(tmp_path: Path) -> None:
    """A user that is disabled cannot sign in until it is enabled again."""
    add(tmp_path)
    add(tmp_path, "wei", "viewer")
    run(tmp_path, "change", "wei", "--disable")
    with pytest.raises(SignInRefused):
        Access(tmp_path).sign_in("wei", PASSWORD, "127.0.0.1")
    run(tmp_path, "change", "wei", "--enable")

    assert Access(tmp_path).sign_in("wei", PASSWORD, "127.0.0.1")


def test_a_token_is_printed_once_and_alone(tmp_path: Path) -> None:
    """Standard output is the token and nothing else; the list knows it without its secret."""
    text = run(tmp_path, "token", "scraper", "--scope", "metrics:read", "--days", "30").stdout.strip()
    listed = run(tmp_path, "tokens").stdout

    assert Access(tmp_path).of_token(text) is not None
    assert (text.split("_")[1] in listed, text.split("_", 2)[2] in listed) == (True, False)


def test_every_change_is_in_the_audit(tmp_path: Path) -> None:
    """The audit names who at this machine changed what."""
    add(tmp_path)
    rows = [json.loads(line) for line in run(tmp_path, "audit").stdout.splitlines()]

    assert [(row["action"], row["object"]) for row in rows] == [("user_added", "ann")]
    assert rows[0]["principal"].startswith("cli:")
