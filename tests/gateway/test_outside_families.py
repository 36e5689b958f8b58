"""Families that packages outside declare, from installation to the desk, without a change in any room."""

import csv
import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from coap_wire import device, exchange, request
from gateway_home import Ports, Running, run_arguments, running, wait_until, write_config
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.settings import Home
from narrowgate_ingest.telemetry import Telemetry
from outside_packages import EXAMPLES, environment, installed

FAMILIES = ("manhole", "noise", "water_quality")
FLEET = """\
device,profile,asset,zone,lat,lon
noise-1,acme_noisenode_v1,bar street,north,31.2,121.4
probe-1,acme_aquaprobe_v1,main 7,north,31.21,121.41
cover-1,acme_covernode_v1,shaft 12,south,31.22,121.42
"""
FRAMES = {
    "noise-1": "805a026904bf01c2",
    "probe-1": "1a90018e032c01f401280106",
    "cover-1": "3000c824",
}
RECORDED = """\
device,time,lafmax_db
n1,2026-03-01T12:00:00Z,70
n1,2026-03-01T12:01:00Z,120
n2,2026-03-01T12:01:00Z,50
n2,2026-03-01T18:01:00Z,50
n3,2026-03-01T12:01:00Z,50
"""
RECORDED_FLEET = """\
device,profile,report_interval_s
n1,acme_noisenode_v1,3600
n2,acme_noisenode_v1,21600
n3,acme_noisenode_v1,
"""
RULES = {"noise-1": "noise_peak", "probe-1": "ph_out_of_range", "cover-1": "cover_open"}
TOLD = {"noise": ("lafmax_db", 121.5), "water_quality": ("ph", 9.1), "manhole": ("tilt_deg", 48.0)}
SHOWN = {
    "noise": "Noise: mean level",
    "water_quality": "lowest free chlorine",
    "manhole": "highest water level",
}


@dataclass
class Lived:
    """What a gateway left behind that lived with the three packages, and what it answered."""

    home: Home
    config: Path
    imported: dict[str, Any]
    checked: dict[str, Any]
    backtested: dict[str, Any]
    cases: list[dict[str, Any]]
    pages: dict[str, str]
    series: dict[str, list[dict[str, Any]]]


def _framed() -> dict[str, bytes]:
    frames = {name: bytes.fromhex(frame) for name, frame in FRAMES.items()}
    probe = frames["probe-1"][:-1]
    return {**frames, "probe-1": probe + bytes([sum(probe) & 255])}


_SHOWN_FILES = ("family.toml", "acme_noisenode_v1.py")
_VERBS = """
import json, sys
from click.testing import CliRunner
from narrowgate_gateway.app import narrowgate
done = [CliRunner().invoke(narrowgate, verb) for verb in json.loads(sys.argv[1])]
print(json.dumps([{"code": one.exit_code, "out": one.stdout, "err": one.stderr} for one in done]))
"""


def _verbs(env: dict[str, str], *verbs: list[str]) -> list[dict[str, Any]]:
    """Give what some verbs say, one after the other in one process."""
    command = [sys.executable, "-c", _VERBS, json.dumps(verbs)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    said: list[dict[str, Any]] = json.loads(done.stdout)
    return said


def _asked(ports: Ports, path: str) -> str:
    """Give what the console answers to a browser."""
    asked = urllib.request.Request(f"http://127.0.0.1:{ports.console}{path}", headers={"Accept": "text/html"})
    with urllib.request.urlopen(asked, timeout=100) as answer:  # noqa: S310 - this machine's console
        text: str = answer.read().decode()
    return text


def _cases(ports: Ports) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(_asked(ports, "/api/v1/cases"))["cases"]
    return cases


def _live(gateway: Running, ports: Ports, lived: Lived) -> None:
    """Send a frame of each device and wait for its case."""
    gateway.until_ready("edge", "core")
    with device(ports.coap) as socket:
        for number, (name, frame) in enumerate(_framed().items()):
            exchange(socket, request(number, frame, path=("nb", name, "up")))
    gateway.until(lambda: len(_cases(ports)) == len(FRAMES))
    lived.cases = _cases(ports)
    lived.pages = {family: _asked(ports, f"/{family}?lang=en") for family in FAMILIES}
    lived.series = {name: json.loads(_asked(ports, f"/api/v1/devices/{name}/series")) for name in FRAMES}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Give what a gateway did in whose environment the packages were installed."""
    folder = tmp_path_factory.mktemp("outside")
    env = environment(installed([EXAMPLES / family for family in FAMILIES], folder / "site"))
    home, ports = Home(folder / "home"), Ports()
    rules = [str(EXAMPLES / family / "rules.toml") for family in FAMILIES]
    config = folder / "narrowgate.toml"
    write_config(config, ports, more="[clock]\ntick_every_s = 0.5\n[archive]\npart_every_s = 1\n")
    config.write_text(f"rule_files = {json.dumps(rules)}\n{config.read_text()}", encoding="utf-8")
    (folder / "fleet.csv").write_text(FLEET, encoding="utf-8")
    (folder / "noise.csv").write_text(RECORDED, encoding="utf-8")
    (folder / "recorded.csv").write_text(RECORDED_FLEET, encoding="utf-8")
    backtest = ["backtest", "--readings", str(folder / "noise.csv"), "--family", "noise"]
    said = _verbs(
        env,
        ["fleet", "import", str(folder / "fleet.csv"), "--home", str(home.root)],
        ["check", "--config", str(config), "--home", str(home.root)],
        [*backtest, "--fleet", str(folder / "recorded.csv"), "--rules", rules[1]],
    )
    imported, checked, backtested = said
    found = Lived(home, config, imported, checked, backtested, [], {}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", env["PYTHONPATH"])
        with running(home, *run_arguments(config, home)) as gateway:
            _live(gateway, ports, found)
            wait_until(lambda: len(list(home.archive.glob("readings/family=*"))) == len(FAMILIES))
            assert gateway.end() == 0
    return found


def test_nothing_is_wrong_with_the_packages(lived: Lived) -> None:
    """`check` finds no fault in families, profiles, rules and devices of the packages."""
    assert (lived.imported["code"], lived.checked["err"]) == (0, "nothing is wrong\n")


def test_a_rule_in_toml_makes_a_case_of_each(lived: Lived) -> None:
    """Each device's frame over CoAP is judged by its family's rule and stands on the desk."""
    assert {case["device"]: case["service"] for case in lived.cases} == RULES


def test_each_page_shows_its_family(lived: Lived) -> None:
    """A family's page is there without code, with its words and its zone."""
    missing = {family for family in FAMILIES if SHOWN[family] not in lived.pages[family]}

    assert missing == set()


def test_a_device_shows_the_familys_own_fields(lived: Lived) -> None:
    """The series of a device are those that its family's declaration names."""
    fields = {name: {one["field"] for one in found} for name, found in lived.series.items()}

    assert fields["noise-1"] == {"laeq_db", "lafmax_db", "la90_db", "battery_pct"}


@pytest.mark.parametrize("family", FAMILIES)
def test_readings_stand_in_columns_of_the_familys_own(lived: Lived, family: str) -> None:
    """DuckDB has a table of the family with its fields, which stays where the package is not installed."""
    telemetry = Telemetry(lived.home.telemetry)
    name, value = TOLD[family]
    found = telemetry.query(f'SELECT "{name}" AS value FROM {family}')["value"].to_pylist()  # noqa: S608
    telemetry.close()

    assert found == [value]


def test_the_archive_has_a_partition_of_the_family(lived: Lived) -> None:
    """Readings are archived by family, with its columns."""
    (part,) = (lived.home.archive / "readings" / "family=noise").rglob("*.parquet")

    assert pq.read_table(part)["laeq_db"].to_pylist() == [61.7]


def test_a_family_whose_package_is_gone_is_told_in_a_line(lived: Lived) -> None:
    """Without its package a family's devices are one line of `check`, and nothing of them is touched."""
    config = lived.config.with_name("bare.toml")
    config.write_text(lived.config.read_text().partition("\n")[2], encoding="utf-8")

    done = CliRunner().invoke(narrowgate, ["check", "--config", str(config), "--home", str(lived.home.root)])

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["key"], line["value"]) for line in told] == [("family", repr(name)) for name in FAMILIES]


def test_recorded_readings_of_a_family_are_judged(lived: Lived) -> None:
    """A backtest takes a CSV with the family's columns and gives what its rules find.

    Who misses three reports is silent without a rule of the package's; who has no rhythm is not.
    """
    found = csv.DictReader(lived.backtested["out"].splitlines())

    assert {(one["rule"], one["device"]) for one in found} == {("noise_peak", "n1"), ("noise_silent", "n1")}


def test_the_page_shows_the_example_as_it_is() -> None:
    """Each file of the example stands in `add-a-family.md` word for word."""
    page = (EXAMPLES.parent / "add-a-family.md").read_text(encoding="utf-8")
    files = ["pyproject.toml", "rules.toml", *(f"narrowgate_noise/{name}" for name in _SHOWN_FILES)]

    assert [
        name for name in files if (EXAMPLES / "noise" / name).read_text(encoding="utf-8") not in page
    ] == []
