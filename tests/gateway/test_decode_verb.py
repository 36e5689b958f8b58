"""`narrowgate decode`: frames in, a line of JSON each out."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from codec_fixtures import CASES, case_name, load
from narrowgate_codecs import PROFILES
from narrowgate_gateway.verbs.decode import command

_FREE = '{"hex": "156600", "profile": "pni_placepod_v1"}'


def _run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), input=stdin)


def _lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def _details(result: Result) -> list[tuple[str, str] | None]:
    refused = [line["refused"] for line in _lines(result)]
    return [None if one is None else (one["reason"], one["detail"]) for one in refused]


def test_frame_is_told_in_one_line() -> None:
    """A frame gives its profile, device, readings, refusal, message and values."""
    result = _run("156601")

    assert (result.exit_code, *_lines(result)) == (
        0,
        {
            "profile": "pni_placepod_v1",
            "device": None,
            "readings": [{"series": "", "occupied": True, "time": None}],
            "refused": None,
            "message": "records",
            "values": {"records": [{"record": "status", "occupied": True}]},
        },
    )


def _is_from_reception(profile: str, row: dict[str, Any]) -> bool:
    """Tell whether a reading's instant is counted from the reception, of which the verb knows nothing."""
    counted = any(each.each is not None and each.each.from_reception for each in PROFILES[profile].readings)
    return counted and row["time"] != "received"


# The verb reads frames by themselves: it knows nothing of what a device announced earlier.
@pytest.mark.parametrize("path", [path for path in CASES if "facts" not in load(path)], ids=case_name)
def test_golden_frame_is_told_as_its_file_says(path: Path) -> None:
    """A golden frame as a line of stdin gives the reason of its file, and exit 1 if it was refused."""
    case = load(path)
    line = {
        "hex": case["hex"],
        "profile": path.parent.name,
        "direction": case["direction"],
        "port": case.get("port"),
        "key": case.get("key"),
    }

    result = _run("-", stdin=json.dumps(line))

    (told,) = _lines(result)
    reason = None if told["refused"] is None else told["refused"]["reason"]
    readings = [row for row in case.get("readings", []) if not _is_from_reception(path.parent.name, row)]
    assert (case.get("refused"), int("refused" in case), len(readings)) == (
        reason,
        result.exit_code,
        len(told["readings"]),
    )


def test_clock_is_told_in_utc() -> None:
    """A reading's time is UTC; the clock's zone is the city's, or the one that is named."""
    frame = "6810880527101520008116901f01000000002c000000002c0620170901172000008e16"

    times = [_lines(_run(*zone, frame))[0]["readings"][0]["time"] for zone in ((), ("--timezone", "UTC"))]

    assert times == ["2017-01-09T09:20:06Z", "2017-01-09T17:20:06Z"]


def test_bad_line_hides_no_other() -> None:
    """A line that is no frame is answered in its place and named; the others are answered too."""
    result = _run("-", stdin=f"156601\n\nzz\n{_FREE}\n")

    assert (
        result.exit_code,
        _details(result),
    ) == (1, [None, ("sanity", "stdin line 3: 'zz' is no hex: 'z' at digit 1"), None])


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (b"156", "sanity", "'156' is no hex: 3 digits do not make whole bytes"),
        (b"\xff", "sanity", "byte 0 is no UTF-8"),
        (b"{bad", "sanity", "no JSON: Expecting property name"),
        (b'{"port": 1}', "sanity", "hex is missing"),
        (b'{"hex": 1}', "sanity", "hex: 1 is no text"),
        (b'{"hex": "", "prot": 1}', "sanity", "'prot' is no key of a line"),
        (b'{"hex": "", "port": true}', "sanity", "port: True is no number"),
        (b'{"hex": "", "direction": "left"}', "sanity", "direction: 'left' is neither up nor down"),
        (b'{"hex": "", "key": "sesame"}', "sanity", "key: no hex"),
        (
            b'{"hex": "", "profile": "pni"}',
            "unknown",
            "profile 'pni' is not known, pni_placepod_v1 is the nearest",
        ),
        (b"[" * 5000, "sanity", "is no hex"),
        (b"a" * 300_000, "length", "longer than 262144 bytes"),
    ],
)
def test_line_that_is_no_frame_says_why(line: bytes, reason: str, detail: str) -> None:
    """What is wrong with a line is one clear detail with its number."""
    (refused,) = _details(_run("-", stdin=line + b"\n"))

    assert refused is not None
    assert (reason, True, True) == (refused[0], refused[1].startswith("stdin line 1: "), detail in refused[1])


def test_line_behind_a_huge_one_is_read() -> None:
    """A line that is too long is dropped as it passes; the one behind it is decoded."""
    result = _run("-", stdin="a" * 1_000_000 + f"\n{_FREE}\n")

    assert [refused is not None for refused in _details(result)] == [True, False]


def test_frame_of_nobody_is_unknown() -> None:
    """A frame that no profile takes whole is refused as unknown."""
    result = _run("--port", "219", "ff" * 301)

    assert (result.exit_code, _lines(result)[0]["refused"]["reason"]) == (1, "unknown")


def test_frame_of_several_is_ambiguous() -> None:
    """A frame that several profiles could have sent is refused with their names, the likeliest first."""
    (line,) = _lines(_run("00"))

    assert (line["refused"]["reason"], "bosch_tps110_v1" in line["refused"]["detail"]) == ("ambiguous", True)


def test_partly_refused_frame_keeps_its_readings() -> None:
    """A frame with a cut record has both its readings and the refusal, and exit is 1."""
    result = _run("--profile", "pni_placepod_v1", "1566010267")

    (line,) = _lines(result)
    assert (
        result.exit_code,
        line["readings"][0]["occupied"],
        line["refused"]["reason"],
    ) == (1, True, "length")


def test_file_is_read_line_by_line(tmp_path: Path) -> None:
    """@FILE is a file of lines, in order, the last one with or without its end."""
    file = tmp_path / "frames.txt"
    file.write_text(f"{_FREE}\n156601")

    result = _run(f"@{file}")

    assert [line["readings"][0]["occupied"] for line in _lines(result)] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["zz"], "'zz' is no hex: 'z' at digit 1"),
        (["156601", "@/nowhere/frames"], "@/nowhere/frames: No such file or directory"),
        (["--profile", "pni_placepod", "00"], "'pni_placepod' is not known, pni_placepod_v1 is the nearest"),
        (["--timezone", "Mars", "00"], "'Mars' is no zone"),
        (["--key-file", "/nowhere/key", "00"], "/nowhere/key: No such file or directory"),
        ([], "Missing argument"),
    ],
)
def test_wrong_argument_is_wrong_use(arguments: list[str], said: str) -> None:
    """A wrong argument is named in one line and ends with exit 2, before any answer."""
    result = _run(*arguments)

    assert (result.exit_code, result.stdout, said in result.stderr) == (2, "", True)
