"""`narrowgate decode --explain`: byte by byte what a frame says, and why it is turned down."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from narrowgate_gateway import explained
from narrowgate_gateway.verbs.decode import command

_METER = "6810880527101520008116901f01000000002c000000002c0620170901172000008e16"
_WRONG_SUM = _METER[:-4] + "8f16"


def _run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, ["--explain", *arguments], input=stdin)


def _said(*arguments: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(_run(*arguments).stdout.splitlines()[0])
    return said


def test_every_byte_is_told_with_its_value() -> None:
    """Each field is told with its bytes, raw and as a value, and with the unit of its reading field."""
    lines = {line["field"]: line for line in _said("--profile", "cjt188_water_v2004", _METER)["lines"]}

    assert (lines["volume_m3"], lines["check sum"]) == (
        {"bytes": [14, 17], "field": "volume_m3", "raw": "00000000", "value": 0.0, "unit": "m3", "note": ""},
        {"bytes": [33, 33], "field": "check sum", "raw": "8e", "value": "right", "unit": "", "note": ""},
    )


def test_lines_follow_the_bytes() -> None:
    """The lines cover the frame from its first byte to its last, in order."""
    places = [line["bytes"] for line in _said("--profile", "cjt188_water_v2004", _METER)["lines"]]

    covered = {at for first, last in places for at in range(first, last + 1)}
    assert (covered, [place[0] for place in places]) == (
        set(range(len(_METER) // 2)),
        sorted(place[0] for place in places),
    )


def test_wrong_check_sum_is_told_with_the_right_one() -> None:
    """A wrong check sum stands beside the right one, and the frame's refusal says so as well."""
    said = _said("--profile", "cjt188_water_v2004", _WRONG_SUM)

    (line,) = (line for line in said["lines"] if line["field"] == "check sum")
    told = line["value"], line["note"], said["refused"][0]["reason"]
    assert told == ("wrong", "8e is right", "integrity")


def test_unknown_frame_is_told_with_the_ranking() -> None:
    """A frame that no profile takes is told as the likeliest, with why each profile turned it down."""
    said = _said(_WRONG_SUM)

    first = said["ranked"][0]
    assert (said["profile"], said["likeliest"], first["profile"], first["refused"]["reason"]) == (
        None,
        "cjt188_water_v2004",
        "cjt188_water_v2004",
        "integrity",
    )


def test_ranking_names_every_profile() -> None:
    """Every profile of the direction is ranked, and all but those that take the frame say why not."""
    ranking = _said("156601")["ranked"]

    takers = [one["profile"] for one in ranking if one["refused"] is None]
    assert (takers[0], all(one["refused"]["detail"] for one in ranking[len(takers) :])) == (
        "pni_placepod_v1",
        True,
    )


def test_bits_are_told_one_by_one() -> None:
    """Bits are told whole and part by part."""
    lines = _said("--profile", "cjt188_water_v2004", _METER)["lines"]

    told = {line["field"]: (line["raw"], line["value"]) for line in lines}
    assert (told["status"], told["valve"], told["battery_low"]) == (
        ("0000", "0000"),
        ("0b00", "open"),
        ("0b0", False),
    )


def test_port_is_said() -> None:
    """The port that a frame was read by is part of what is told."""
    said = _said("--profile", "bosch_tps110_v1", "--port", "1", "01")

    assert (said["port"], [line["value"] for line in said["lines"] if line["field"] == "port"]) == (1, [1])


@pytest.mark.parametrize(("frame", "exit_code"), [(_METER, 0), (_WRONG_SUM, 1), ("zz", 2)])
def test_exit_says_whether_anything_was_refused(frame: str, exit_code: int) -> None:
    """Exit is 1 if a frame was refused, and 2 for an argument that is no frame."""
    assert _run(frame).exit_code == exit_code


def test_bad_line_is_told_in_its_place() -> None:
    """A line that is no frame is told as refused, with its number."""
    result = _run("-", stdin=f"zz\n{_METER}\n")

    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["refused"][0]["reason"], second["refused"]) == ("sanity", [])


def test_terminal_shows_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal the bytes and the ranking are tables."""
    explained.print_explained(_said(_WRONG_SUM), is_terminal=True)

    shown = capsys.readouterr().out
    assert ("cjt188_water_v2004" in shown, "8e is right" in shown, "integrity" in shown) == (True, True, True)


def test_no_key_is_shown() -> None:
    """A key that was given stands in no answer."""
    line = json.dumps({"hex": _METER, "key": "00112233445566778899aabbccddeeff"})

    assert "2233445566778899" not in _run("-", stdin=line + "\n").output.lower()
