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
        "what": "number, high byte first, 1/10, 0 to 6553.4; FFFF: null",
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


def test_profile_tells_its_ports() -> None:
    """A profile whose messages are told apart by port names what travels on each."""
    told = json.loads(CliRunner().invoke(command, ["bosch_tps110_v1"]).stdout)

    assert ({"1", "2", "3"} <= told["ports"]["up"].keys(), told["encrypted"]) == (True, False)


def test_profile_tells_its_flags_and_golden_frames() -> None:
    """A profile's flags and golden frames are told, each frame with its source and how it came about."""
    told = json.loads(CliRunner().invoke(command, ["cjt188_water_v2004"]).stdout)

    (case,) = (case for case in told["fixtures"] if case["case"] == "bad_check_sum")
    assert (told["flags"], case["refused"], bool(case["source"])) == (["battery_low"], "integrity", True)
