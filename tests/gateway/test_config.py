"""narrowgate.toml: every fault at once, each with file, key, value and what would be right."""

from pathlib import Path

import pytest

from narrowgate_gateway.config import ConfigFaults, Fault, load
from narrowgate_gateway.settings import Settings


def faults(path: Path, text: str | bytes) -> list[Fault]:
    """Give the faults of a file with this content."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigFaults) as refused:
        load(path)
    return refused.value.faults


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the place of a configuration."""
    return tmp_path / "narrowgate.toml"


def test_an_empty_file_is_the_defaults(file: Path) -> None:
    """Every option has a default."""
    file.write_text("")

    assert load(file) == Settings()


def test_a_whole_number_does_where_a_number_is_wanted(file: Path) -> None:
    """Seconds may be written without a point."""
    file.write_text("[clock]\ntick_every_s = 5\n")

    assert load(file).clock.tick_every_s == 5.0


def test_all_faults_come_at_once(file: Path) -> None:
    """Each wrong key is told, not only the first."""
    text = (
        '[[coap]]\nport = 70000\nhosst = "x"\n[journal]\nsegment_bytes = "big"\n[clock]\ntick_every_s = 0\n'
    )

    assert {fault.key for fault in faults(file, text)} == {
        "coap[0].port",
        "coap[0].hosst",
        "journal.segment_bytes",
        "clock.tick_every_s",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[coap]]\nport = 0", "coap[0].port = 0: input should be greater than or equal to 1"),
        ("[[coap]]\nport = true", "coap[0].port = True: input should be a valid integer"),
        ("[[coap]]\nhost = 'gate'", "coap[0].host = 'gate': 'gate' does not appear to be an IPv4 or IPv6"),
        ("[[coap]]\nallow = ['10.0.0.1/8']", "coap[0].allow = ['10.0.0.1/8']: 10.0.0.1/8 has host bits set"),
        ("[[coap]]\nallow = '10.0.0.0/8'", "coap[0].allow = '10.0.0.0/8': write an array"),
        ("[[coap]]\npath = 'nb/up'", "coap[0].path = 'nb/up': a path holds {device} once"),
        ("[coap]\nport = 5683", "coap: write an array: [[coap]] for a table of it"),
        ("console = 8080", "console = 8080: write a table"),
        ("[console]\nhost = '0.0.0.0'", "console: host = '0.0.0.0' can be reached by others"),
        ("[console]\nhost = 'here'", "console.host = 'here'"),
        ("[console]\ncert_file = 'c.pem'", "console: cert_file and key_file belong together"),
        ("[console]\nbehind_proxy = true", "console: behind_proxy = true and the networks of proxy_allow"),
        ("[console]\ntile_url = 'x'", "console.tile_url = 'x': a URL with {z}, {x} and {y}"),
        ("timezone = 'Atlantis'", "timezone = 'Atlantis': not an IANA time zone"),
        ("colour = 'red'", "colour = 'red': no such key"),
        (
            "[rules.overstay]\ndelay_s = 'long'",
            "rules.overstay.delay_s = 'long': input should be a valid numb",
        ),
        ("[clock]\ntick_every_s = nan", "clock.tick_every_s = nan: input should be"),
        ("[[coap]]\n[[coap]]\nport = 5684", "two have the same name: coap"),
    ],
)
def test_a_fault_is_one_line_with_key_value_and_what_is_right(file: Path, text: str, line: str) -> None:
    """A fault reads as file: key = value: what would be right."""
    (fault,) = faults(file, text)

    assert str(fault).startswith(f"{file}: {line}")
    assert "\n" not in str(fault)


def test_a_long_value_is_cut(file: Path) -> None:
    """A value of any length leaves its fault one line that can be read."""
    (fault,) = faults(file, f"timezone = '{'x' * 5000}'")

    assert len(fault.value) == 80


@pytest.mark.parametrize(
    ("content", "right"),
    [
        (b"timezone = \n", "not TOML: Invalid value (at line 1"),
        (b"a = 1\na = 2\n", "not TOML: Cannot overwrite a value (at line 2"),
        (b"a = " + b"9" * 5000, "not TOML: Exceeds the limit"),
        (b"a = " + b"[" * 100_000, "not TOML that can be read: nested too deeply"),
        (b"# \xff\n", "not UTF-8 at byte 2"),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(file: Path, content: bytes, right: str) -> None:
    """A file that cannot be read as TOML names the line or byte."""
    (fault,) = faults(file, content)

    assert str(fault).startswith(f"{file}: {right}")


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    """A configuration that is not there is named."""
    with pytest.raises(ConfigFaults) as refused:
        load(tmp_path / "none.toml")

    assert str(refused.value) == f"{tmp_path}/none.toml: No such file or directory"


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    """A directory in the place of the file is named as one."""
    with pytest.raises(ConfigFaults) as refused:
        load(tmp_path)

    assert str(refused.value) == f"{tmp_path}: Is a directory"
