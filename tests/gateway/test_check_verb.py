"""`narrowgate check` as its user meets it."""

import io
import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway_home import Ports, make_home, write_config
from narrowgate_fleet import Registry, import_csv
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.settings import Home

ROOT = Path(__file__).parent.parent.parent


def check(config: Path, home: Home) -> Result:
    """Run the verb."""
    return CliRunner().invoke(narrowgate, ["check", "--config", str(config), "--home", str(home.root)])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a home with a registry."""
    return make_home(tmp_path / "home")


def test_nothing_wrong_is_said_and_exit_0(tmp_path: Path, home: Home) -> None:
    """A good configuration gives no data, one friendly line, and exit code 0."""
    done = check(write_config(tmp_path / "a.toml", Ports()), home)

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "nothing is wrong\n")


def test_faults_of_every_sort_come_at_once(tmp_path: Path, home: Home) -> None:
    """Settings, rules, listeners and registry are all looked at, and each fault is a JSON object."""
    config = tmp_path / "bad.toml"
    config.write_text("timezone = 'Mars'\n[rules.leak]\nx = 1\n[rules.overstay]\ndelay_s = 1e9\nlimit = 2\n")
    (home.registry / "current").write_text("nonsense\n")
    done = check(config, home)

    assert done.exit_code == 1
    assert [json.loads(line)["key"] for line in done.stdout.splitlines()] == [
        "timezone",
        "rules.leak",
        "rules.overstay.delay_s",
        "rules.overstay.limit",
        "",
    ]
    assert done.stderr.splitlines()[-1] == "Error: 5 faults"


def test_a_fault_has_file_key_value_and_what_is_right(tmp_path: Path, home: Home) -> None:
    """A program reads the same four parts that a person does."""
    config = write_config(tmp_path / "a.toml", Ports(), more="[rules.overstay]\ndelay_s = -1")
    done = check(config, home)

    assert json.loads(done.stdout) == {
        "file": str(config),
        "key": "rules.overstay.delay_s",
        "value": "-1",
        "right": "wants 0 to 3600 [s]",
    }


def test_a_closed_listener_is_a_fault(tmp_path: Path, home: Home) -> None:
    """A listener without networks would take nothing: that is told before it runs."""
    config = tmp_path / "closed.toml"
    config.write_text("[[coap]]\n")

    assert "no source may send" in check(config, home).stderr


def test_a_configuration_without_listener_is_a_fault(tmp_path: Path, home: Home) -> None:
    """A gateway that nothing can reach is told so."""
    config = tmp_path / "none.toml"
    config.write_text("")

    assert "no listener" in check(config, home).stderr


def test_a_device_of_an_unknown_profile_is_a_fault(tmp_path: Path) -> None:
    """A device whose profile no release knows is named with its profile."""
    home = make_home(tmp_path / "home")
    other = tmp_path / "a.toml"
    write_config(other, Ports())
    with Registry(home.root) as registry, (tmp_path / "f.csv").open("w+b") as sheet:
        sheet.write(b"device,profile\nodd-1,odd_v1\n")
        sheet.seek(0)
        import_csv(registry, sheet, {"odd_v1": "parking"})
    done = check(other, home)

    assert json.loads(done.stdout)["key"] == "odd-1.profile"


def test_it_opens_no_network(tmp_path: Path, home: Home) -> None:
    """A port that is taken is no fault of a configuration."""
    ports = Ports()
    config = write_config(tmp_path / "a.toml", ports)
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.console))
        other.listen()

        assert check(config, home).exit_code == 0


def test_the_sample_is_right(home: Home) -> None:
    """The configuration that deploy/ offers has no fault."""
    done = check(ROOT / "deploy" / "narrowgate.toml", home)

    assert (done.exit_code, done.stderr) == (0, "nothing is wrong\n")


def test_profile_of_a_package_that_does_not_load_is_a_fault(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device profile of an installed package with a fault is named with its package and the reason."""
    told = "narrowgate.profiles lamp of acme: acme_lamp_v1.up.power_w: a width of 0 bytes"
    monkeypatch.setattr("narrowgate_codecs.registry.FAULTS", (told,))

    done = check(write_config(tmp_path / "a.toml", Ports()), home)

    fault = json.loads(done.stdout)
    assert (done.exit_code, fault["key"], fault["value"]) == (
        1,
        "narrowgate.profiles",
        "narrowgate.profiles lamp of acme",
    )


def test_thresholds_of_a_place_that_there_are_not_are_named(tmp_path: Path, home: Home) -> None:
    """What the registry says of a place is held against the rules."""
    sheet = b"device,profile,asset,thresholds\nm1,cjt188_water_v2004,here,no_rule.x=1 burst.share_pct=900\n"
    with Registry(home.root) as registry:
        import_csv(registry, io.BytesIO(sheet), {"cjt188_water_v2004": "water"})
    done = check(write_config(tmp_path / "a.toml", Ports()), home)

    assert [json.loads(line)["key"] for line in done.stdout.splitlines()] == ["here.thresholds"] * 2
