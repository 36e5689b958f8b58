"""`narrowgate profiles`: what devices are known, and what their bytes mean."""

import json

from click.testing import CliRunner

from narrowgate_codecs import PROFILES
from narrowgate_gateway.verbs.profiles import command


def test_profiles_are_listed_as_json_lines() -> None:
    """Where a program reads, each profile is a line of JSON."""
    lines = CliRunner().invoke(command, []).stdout.splitlines()

    assert list(PROFILES) == [json.loads(line)["profile"] for line in lines]


def test_profile_tells_its_byte_map() -> None:
    """A profile's byte map is made from its declaration: place, width, name and meaning."""
    told = json.loads(CliRunner().invoke(command, ["huati_nb_v1"]).stdout)

    power = next(line for line in told["bytes"]["up"] if line["name"] == "power_w")
    assert power == {
        "part": "reports.report",
        "at": 9,
        "width": 2,
        "name": "power_w",
        "what": "number, high byte first, 1/10, 0 to 6553.4",
    }


def test_profile_tells_its_fields_with_units() -> None:
    """A profile's reading fields come with unit, kind and the meaning of null."""
    told = json.loads(CliRunner().invoke(command, ["cjt188_water_v2004"]).stdout)

    units = {(field["message"], field["field"]): (field["unit"], field["kind"]) for field in told["fields"]}
    assert (
        units["current_data", "volume_m3"],
        units["current_data", "battery_low"],
    ) == (("m3", "measure"), ("", "flag"))


def test_unknown_profile_names_the_nearest() -> None:
    """A name that is not known is wrong use; the nearest one is named."""
    result = CliRunner().invoke(command, ["huati"])

    assert (result.exit_code, "huati_nb_v1 is the nearest" in result.stderr) == (2, True)
