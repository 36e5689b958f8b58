import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from findings_rows import batch, cleared, raised
from narrowgate_cases import apply, install
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.config import ConfigFaults, load

HOSTILE = "'; DROP TABLE cases; --<script>alert(1)</script>"
WALL_US = 1_900_000_000_000_000
"""Later than any clock of a test's machine: steps are never dated before it."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with three cases: two open, one closed."""
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        install(connection)
        rows = raised("f1"), raised("f2", rule="overstay", severity="safety"), raised("f3"), cleared("f3")
        apply(connection, batch(*rows), WALL_US)
    return tmp_path


def _run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(narrowgate, ["cases", words[0], "--home", str(home), *words[1:]])


def _lines(home: Path, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _run(home, *words).stdout.splitlines()]


def test_the_queue_names_first_whose_time_is_up_first(home: Path) -> None:
    """Open cases come by their clocks, each with its light."""
    found = _lines(home, "list")

    assert [(case["number"], case["light"]) for case in found] == [
        ("C-000002", "green"), ("C-000001", "green"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("--severity", "safety"), ["C-000002"]),
        (("--text", "1"), ["C-000001"]),
        (("--text", "column-2"), ["C-000002"]),
        (("--unplaced",), ["C-000002", "C-000001"]),
        (("--district", "nowhere"), []),
    ],
)
def test_the_queue_is_filtered_as_the_api_filters(
    home: Path, words: tuple[str, ...], numbers: list[str]
) -> None:
    """Severity, district, a text and cases without a cell."""
    assert [case["number"] for case in _lines(home, "list", *words)] == numbers


def test_pages_follow_each_other(home: Path) -> None:
    """A page ends with the cursor of the next, and the last one without."""
    first = _run(home, "list", "--limit", "1")
    cursor = first.stderr.removeprefix("more: --after ").strip()
    second = _run(home, "list", "--limit", "1", "--after", cursor)

    assert json.loads(second.stdout)["number"] == "C-000001"
    assert second.stderr == ""


def test_a_case_is_worked_from_the_command_line(home: Path) -> None:
    """Accepted, dispatched and closed, with what is between taken by who closes it."""
    taken = [
        _run(home, "accept", "C-000001"),
        _run(home, "dispatch", "C-000001", "--unit", "路灯一队"),
        _run(home, "extend", "C-000001", "--hours", "24", "-m", "备件在途"),
        _run(home, "comment", "C-000001", HOSTILE),
        _run(home, "close", "C-000001", "-m", "已修复"),
    ]
    shown = json.loads(_run(home, "show", "C-000001").stdout)

    assert [each.exit_code for each in taken] == [0] * 5
    assert [step["step"] for step in shown["steps"]] == [
        "reported", "accepted", "dispatched", "extended", "commented", "resolved", "verified", "closed",
    ]  # fmt: skip
    assert (shown["unit"], shown["steps"][4]["reason"]) == ("路灯一队", HOSTILE)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("accept", "C-999999"), "there is no case 'C-999999'"),
        (("accept", HOSTILE), "there is no case"),
        (("dispatch", "C-000001"), "cannot be dispatched; possible: accepted"),
        (("reopen", "C-000003"), "reopened needs a reason"),
        (("merge", "C-000001", "C-000003"), "merged into an open one"),
        (("extend", "C-000001", "--hours", "nan", "-m", "x"), "cannot be extended"),
        (("list", "--after", "0;DROP"), "after is what the page before gave"),
        (("show", "x"), "there is no case 'x'"),
        (("accept", "1", "--seen", "7"), "C-000001 has moved on since you looked: reported by device"),
        (("show", "C-\udcff"), "surrogates not allowed"),
        (("accept", "C-\udcff"), "surrogates not allowed"),
    ],
)
def test_a_refusal_is_one_line(home: Path, words: tuple[str, ...], line: str) -> None:
    """What cannot be done is said in one line, and nothing is changed."""
    before = (home / "state.db").read_bytes()
    result = _run(home, *words)

    assert (result.exit_code, line in result.stderr, len(result.stderr.splitlines())) == (1, True, 1)
    assert (home / "state.db").read_bytes() == before


def test_the_desk_works_by_the_configuration_of_its_home(home: Path) -> None:
    """Where no file is named the home's own counts: one with a fault is told, not passed over."""
    (home / "narrowgate.toml").write_text('[desk]\nlimits = {minor = "4x"}\n', encoding="utf-8")
    faulty = _run(home, "accept", "c-1")

    assert (faulty.exit_code, "is no limit" in faulty.stderr) == (1, True)
    assert _lines(home, "list", "--config", "/dev/null")[1]["state"] == "reported"


def test_without_a_home_the_way_to_one_is_told(tmp_path: Path) -> None:
    """Where no gateway ever ran there is no desk."""
    result = _run(tmp_path / "nowhere", "list")

    assert (result.exit_code, "narrowgate run or demo makes one" in result.stderr) == (1, True)


def test_an_export_is_safe_in_a_spreadsheet(home: Path) -> None:
    """Text that a spreadsheet would run is none any more, and nothing of it is lost."""
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as connection:
        connection.execute("UPDATE cases SET street = '=HYPERLINK(\"x\")', lat = -33.5 WHERE id = 1")
        connection.execute("UPDATE cases SET street = '＝HYPERLINK(1)' WHERE id = 2")
    told = _run(home, "export", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(told.removeprefix("\ufeff"))))

    assert told.startswith("\ufeffnumber,")  # else a Chinese desktop reads UTF-8 as GBK
    assert [row["number"] for row in rows] == ["C-000001", "C-000002", "C-000003"]
    assert (rows[0]["street"], rows[0]["lat"]) == ('\'=HYPERLINK("x")', "-33.5")
    assert rows[1]["street"] == "'＝HYPERLINK(1)"
    assert [row["number"] for row in _lines(home, "export")] == [row["number"] for row in rows]


def test_the_figures_of_a_day(home: Path) -> None:
    """Rates are told for the end of a day, told apart as asked."""
    [found] = _lines(home, "figures", "--until", "2031-01-01")

    assert (found["due"], found["closed"], found["closing_rate"]) == (3, 1, 1 / 3)


def test_a_day_that_none_follows_is_wrong_use(home: Path) -> None:
    """The last day of the calendar has no end that could be asked for."""
    result = _run(home, "figures", "--until", "9999-12-31")

    assert (result.exit_code, "no day follows" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('limits = {major = "4x"}', "is no limit"),
        ('limits = {huge = "4h"}', "one of info"),
        ('hours = ["mon 25:00-26:00"]', "does not lie behind"),
        ('services.lamp_out = {limits = {minor = "0h"}}', "no limit of more than nothing"),
        ('holidays = ["soon"]', "date"),
        ("colour = 1", "no such key"),
        ("holidays = [2026-02-16]\nworkdays = [2026-02-16]", "workdays: 2026-02-16 is one of the holidays"),
        ('workdays = [2026-02-14]\nhours = ["sat 08:00-12:00"]', "hours give a Monday none"),
        (
            'hours = ["mon 9-10"]\nlimits = {minor = "4x"}\nservices.lamp_out = {limits = {huge = "1h"}}',
            "hours: .*; limits.minor: .*; services.lamp_out.limits.huge: ",
        ),
    ],
)
def test_a_wrong_desk_is_a_fault_of_the_configuration(tmp_path: Path, lines: str, words: str) -> None:
    """What is wrong with limits and the calendar is told with its key, before anything starts."""
    path = tmp_path / "narrowgate.toml"
    path.write_text(f"[desk]\n{lines}\n", encoding="utf-8")

    with pytest.raises(ConfigFaults, match=words):
        load(path)
