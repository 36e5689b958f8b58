"""The options of InfluxDB: what is wrong is said before anything is sent."""

from pathlib import Path

import pytest

from narrowgate_gateway.config import ConfigFaults, load
from narrowgate_gateway.influx_checks import influx_faults
from narrowgate_gateway.influx_settings import Influxdb
from narrowgate_gateway.influx_target import target_of
from narrowgate_ingest.influx_client import Credentials, Secret, Target

V2 = {"url": "https://influx.example:8086", "bucket": "city"}


def _words(tmp_path: Path, **options: object) -> str:
    """Give the one fault of a table."""
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for key, value in options.items()
    ]
    path = tmp_path / "narrowgate.toml"
    path.write_text("\n".join(["[influxdb]", *lines]), encoding="utf-8")
    with pytest.raises(ConfigFaults) as faults:
        load(path)
    (fault,) = faults.value.faults
    return str(fault)


def test_there_is_no_influxdb_without_an_address() -> None:
    """An empty table means none."""
    assert Influxdb().url == ""


@pytest.mark.parametrize(
    "url",
    [
        "influx:8086",
        "ftp://h",
        "https://",
        "https://u:p@h",
        "https://h?token=t",
        "https://h#f",
        "http://h:0",
        "http://h:x",
    ],
)
def test_an_address_is_scheme_host_and_port(tmp_path: Path, url: str) -> None:
    """No secret fits into it."""
    words = _words(tmp_path, url=url, bucket="b")

    assert "narrowgate.toml: influxdb.url = " in words


@pytest.mark.parametrize(("api", "needed"), [("v1", "database"), ("v2", "bucket")])
def test_each_api_names_what_it_writes(tmp_path: Path, api: str, needed: str) -> None:
    """1.x has databases, 2.x buckets."""
    assert f"api {api} needs {needed}" in _words(tmp_path, url="https://h", api=api)


@pytest.mark.parametrize(
    "options",
    [
        {"token_file": "a", "token_env": "B"},
        {"token_file": "a", "username": "u", "password_env": "B"},
        {"username": "u"},
        {"password_file": "a"},
    ],
)
def test_there_is_one_secret_at_most(tmp_path: Path, options: dict[str, object]) -> None:
    """A token, or a user with a password."""
    words = _words(tmp_path, **V2, **options)

    assert "one of token_file" in words or "belong together" in words


def test_a_secret_is_not_shown_to_the_network(tmp_path: Path) -> None:
    """Plain http carries a token only to this host, or where that is asked for."""
    options = {"url": "http://influx.example:8086", "bucket": "b", "token_env": "T"}

    words = _words(tmp_path, **options)

    assert "http would show the token" in words


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://127.0.0.1:8086"},
        {"url": "http://[::1]:8086"},
        {"url": "http://localhost:8086"},
        {"url": "http://influx.example", "plaintext": True},
    ],
)
def test_a_secret_may_go_to_this_host(options: dict[str, object]) -> None:
    """Loopback is nobody else's."""
    assert Influxdb.model_validate({"bucket": "b", "token_env": "T", **options}).url == options["url"]


def test_the_options_make_a_target() -> None:
    """What is written in the file is what the store is given."""
    said = {"url": "https://h:1/p", "api": "v1", "database": "d", "precision": "ns", "timeout_s": 3.0}
    options = Influxdb.model_validate({**said, "username": "u", "password_file": "/p"})

    assert target_of(options) == Target(
        "https://h:1/p", "v1", "d", "", "ns", 3.0, None, Credentials(Secret(Path("/p")), "u")
    )


@pytest.mark.parametrize("key", ["token_file", "ca_file"])
def test_a_file_that_is_not_there_is_a_fault(key: str) -> None:
    """`check` names key and file; no network is opened."""
    options = Influxdb.model_validate({**V2, key: "/nowhere/at/all"})

    (fault,) = influx_faults(Path("n.toml"), options)

    assert str(fault).startswith(f"n.toml: influxdb.{key} = '/nowhere/at/all': ")
    assert "No such file" in str(fault)


def test_a_variable_that_is_not_set_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` names the variable."""
    monkeypatch.delenv("NOBODY_SET_THIS", raising=False)
    options = Influxdb.model_validate({**V2, "token_env": "NOBODY_SET_THIS"})

    (fault,) = influx_faults(Path("n.toml"), options)

    assert "influxdb.token_env = 'NOBODY_SET_THIS'" in str(fault)


def test_nothing_is_wrong_with_no_influxdb() -> None:
    """Without an address nothing is looked for."""
    assert influx_faults(Path("n.toml"), Influxdb()) == []
