"""The options of brokers: what is refused, and in which words."""

from pathlib import Path

import pytest

from gateway_home import make_home
from narrowgate_gateway.checks import faults_of
from narrowgate_gateway.config import load
from narrowgate_gateway.path_template import PathTemplate


def said(tmp_path: Path, text: str) -> list[str]:
    """Give the faults of a configuration without the file's name."""
    file = tmp_path / "narrowgate.toml"
    file.write_text(text, encoding="utf-8")
    faults = faults_of(file, make_home(tmp_path / "home"))
    return [str(fault).removeprefix(f"{file}: ") for fault in faults]


def test_tls_and_the_newest_protocol_are_the_defaults(tmp_path: Path) -> None:
    """A broker that is only named is spoken to over TLS, by MQTT 5, in a session of a week."""
    file = tmp_path / "narrowgate.toml"
    file.write_text('[[mqtt]]\nclient_id = "edge-1"\n')
    (broker,) = load(file).mqtt

    assert (broker.tls, broker.port, broker.version, broker.session_expiry_s) == (True, 8883, "5", 604_800)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "mqtt[0].client_id: field required"),
        ('client_id = ""', "mqtt[0].client_id = '': string should have at least 1 character"),
        ('client_id = "a"\npassword = "x"', "mqtt[0].password = 'x': no such key"),
        ('client_id = "a"\ntopic = "nb/+/up"', "mqtt[0].topic = 'nb/+/up': a path holds {device} once"),
        ('client_id = "a"\ntopic = "nb/{device}/#"', "mqtt[0].topic = 'nb/{device}/#': a topic holds none"),
        ('client_id = "a"\ntopic = "/nb/{device}"', "mqtt[0].topic = '/nb/{device}': a topic neither begins"),
        ('client_id = "a"\nversion = "4"', "mqtt[0].version = '4': input should be '5' or '3.1.1'"),
        ('client_id = "a"\npassword_env = "X"', "mqtt[0]: a password needs its username"),
        (
            'client_id = "a"\nusername = "u"\npassword_env = "X"\npassword_file = "y"',
            "mqtt[0]: password_file or password_env, not both",
        ),
        ('client_id = "a"\nkey_file = "k"', "mqtt[0]: key_file needs its cert_file"),
        ('client_id = "a"\ntls = false\nca_file = "c"', "mqtt[0]: ca_file and cert_file need tls = true"),
        (
            'client_id = "a"\n[journal]\npending_frames = 10',
            "[[mqtt]] mqtt: max_in_flight = 1000 is more than journal.pending_frames = 10",
        ),
        (
            'client_id = "a"\n[[mqtt]]\nclient_id = "a"\nname = "b"',
            "two have the same client_id at one broker: a at 127.0.0.1:8883",
        ),
        (
            'client_id = "a"\nname = "coap"\n[[coap]]\nallow = ["10.0.0.0/8"]',
            "two have the same name: coap",
        ),
    ],
)
def test_a_faulty_option_is_one_line(tmp_path: Path, text: str, fault: str) -> None:
    """A fault of a broker's table names key, value and what would be right."""
    (line,) = said(tmp_path, f"[[mqtt]]\n{text}\n")

    assert line.startswith(fault)


def test_check_names_files_and_variables_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file and variable that a connection will want is looked for, without a network."""
    monkeypatch.delenv("NG_TEST_PASSWORD", raising=False)
    (tmp_path / "empty.pem").touch()
    lines = said(
        tmp_path,
        f"""\
[[mqtt]]
client_id = "a"
ca_file = "{tmp_path}/none.pem"
cert_file = "{tmp_path}/empty.pem"
username = "u"
password_env = "NG_TEST_PASSWORD"
""",
    )

    assert lines == [
        f"mqtt[0].ca_file = '{tmp_path}/none.pem': No such file or directory",
        f"mqtt[0].cert_file = '{tmp_path}/empty.pem': an empty file",
        "mqtt[0].password_env = 'NG_TEST_PASSWORD': no such variable is set",
    ]


def test_captures_are_subscribed_to_as_single_levels() -> None:
    """The topic filter takes every device and port, and no level more."""
    assert PathTemplate.parse("nb/{device}/{port}/up").subscription == "nb/+/+/up"
