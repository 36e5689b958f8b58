"""Paths of uplinks: what is captured, and what is no uplink."""

import pytest

from narrowgate_gateway.path_template import PathTemplate


def test_device_and_port_are_captured() -> None:
    """A path gives its device and its message port."""
    assert PathTemplate.parse("/nb/{device}/{port}/up").match(["nb", "bay-1", "85", "up"]) == ("bay-1", 85)


def test_a_template_without_port_gives_none() -> None:
    """Where a template captures no port, a path has none."""
    assert PathTemplate.parse("nb/{device}/up").match(["nb", "bay-1", "up"]) == ("bay-1", None)


@pytest.mark.parametrize(
    "path",
    [
        [],
        ["nb", "bay-1"],
        ["nb", "bay-1", "down"],
        ["nb", "bay-1", "up", "more"],
        ["nb", "", "up"],
        ["nb", "x" * 65, "up"],
        ["nb", "bay\n1", "up"],
        ["nb", "bay\x1b[2J", "up"],
    ],
)
def test_other_paths_are_no_uplinks(path: list[str]) -> None:
    """A path of another shape, or with an empty, overlong or unprintable device, fits nothing."""
    assert PathTemplate.parse("nb/{device}/up").match(path) is None


@pytest.mark.parametrize("port", ["256", "-1", "x", "", "٣", "1.0"])
def test_a_port_is_a_number_from_0_to_255(port: str) -> None:
    """Another port than 0 to 255 in ASCII digits makes the path no uplink."""
    assert PathTemplate.parse("{device}/{port}").match(["bay-1", port]) is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("nb/up", "holds {device} once"),
        ("{device}/{device}", "holds {device} once"),
        ("{device}/{port}/{port}", "{port} at most once"),
        ("nb/x{device}", "a whole segment"),
        ("nb/{device}/{imei}", "{imei} is not captured"),
        ("nb//{device}", "no empty segments"),
        ("", "holds {device} once"),
    ],
)
def test_a_wrong_template_says_what_is_wrong(text: str, wrong: str) -> None:
    """A template that could name no device is refused with the reason."""
    with pytest.raises(ValueError, match="^.*" + wrong.replace("{", r"\{").replace("}", r"\}")):
        PathTemplate.parse(text)
