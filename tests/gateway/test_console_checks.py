from pathlib import Path

import pytest

from certificates import self_signed
from narrowgate_console import LOCAL, Access, Administration, Role
from narrowgate_gateway.console_checks import console_faults
from narrowgate_gateway.console_settings import Console
from narrowgate_gateway.settings import Home

CONFIG = Path("narrowgate.toml")


def told(home: Path, **options: object) -> list[str]:
    """Give the faults of a [console] table in a home, as lines."""
    return [str(fault) for fault in console_faults(CONFIG, Console.model_validate(options), Home(home))]


def test_loopback_wants_nothing(tmp_path: Path) -> None:
    """A console on loopback starts without users, and looking makes no file."""
    assert (told(tmp_path), list(tmp_path.iterdir())) == ([], [])


def test_others_want_somebody_who_can_sign_in(tmp_path: Path) -> None:
    """An address that others reach is refused until there is a user, with the command that adds one."""
    options = {"host": "0.0.0.0", "behind_proxy": True, "proxy_allow": ("10.0.0.2/32",)}  # noqa: S104
    before = told(tmp_path, **options)
    access = Access(tmp_path)
    Administration(access, LOCAL).add_user("ann", Role.ADMINISTRATOR, None, "correct horse battery")

    assert before == [
        "narrowgate.toml: console: host = '0.0.0.0': nobody could sign in: add one by"
        " `narrowgate users add NAME --role administrator`"
    ]
    assert told(tmp_path, **options) == []


@pytest.mark.parametrize("spoilt", ["cert.pem", "key.pem"])
def test_a_certificate_that_does_not_load_is_named(tmp_path: Path, spoilt: str) -> None:
    """A certificate or key that is none is named before anything starts."""
    certificate, key = self_signed(tmp_path, "localhost")
    (tmp_path / spoilt).write_text("nothing", encoding="utf-8")
    faults = told(tmp_path, cert_file=str(certificate), key_file=str(key))

    assert [fault.startswith(f"narrowgate.toml: console: cert_file {certificate}") for fault in faults] == [
        True
    ]


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    """A certificate that is not there is named before anything starts."""
    faults = told(tmp_path, cert_file=str(tmp_path / "c.pem"), key_file=str(tmp_path / "k.pem"))

    assert ["No such file or directory" in fault for fault in faults] == [True]
