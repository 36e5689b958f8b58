"""`narrowgate fleet` as a user meets it: files in, JSON out, one clear line for what is wrong."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from narrowgate_gateway.verbs.fleet import command

GOOD = "device,profile,asset,street\nw1,cjt188_water_v2004,A1,北路 1\nl1,huati_nb_v1,P1,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a good CSV file."""
    path = tmp_path / "district.csv"
    path.write_text(GOOD, "utf-8")
    return path


def fleet(home: Path, *arguments: str, stdin: str | None = None) -> Result:
    """Run `narrowgate fleet` on the home directory `home`/state."""
    return CliRunner().invoke(command, list(arguments), stdin, env={"NARROWGATE_HOME": str(home / "state")})


def test_an_import_prints_what_it_did(tmp_path: Path, file: Path) -> None:
    """The summary is one JSON object on stdout."""
    done = fleet(tmp_path, "import", str(file))

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout).items() >= {"applied": True, "version": 1, "added": 2, "faults": 0}.items()


def test_what_was_imported_can_be_shown(tmp_path: Path, file: Path) -> None:
    """A device is shown with the family of its profile and its asset."""
    fleet(tmp_path, "import", str(file))
    told = json.loads(fleet(tmp_path, "show", "w1").stdout)

    assert (told["family"], told["asset"], told["street"]) == ("water", "A1", "北路 1")


def test_an_export_can_be_imported_elsewhere(tmp_path: Path, file: Path) -> None:
    """Export to standard output and import from standard input make an equal registry."""
    fleet(tmp_path, "import", str(file))
    first = fleet(tmp_path, "export").stdout
    fleet(tmp_path / "other", "import", "-", stdin=first)

    assert fleet(tmp_path / "other", "export").stdout == first


def test_an_export_writes_a_whole_file(tmp_path: Path, file: Path) -> None:
    """The named file has what standard output would have had, and nothing lies beside it."""
    fleet(tmp_path, "import", str(file))
    fleet(tmp_path, "export", str(tmp_path / "out.csv"))

    assert (tmp_path / "out.csv").read_text("utf-8") == fleet(tmp_path, "export").stdout
    assert not list(tmp_path.glob("*unfinished*"))


def test_a_place_that_takes_no_export_is_named_as_given(tmp_path: Path, file: Path) -> None:
    """What cannot be written is the file that was asked for."""
    fleet(tmp_path, "import", str(file))
    asked = tmp_path / "none" / "x.csv"
    done = fleet(tmp_path, "export", str(asked))

    assert done.exit_code == 1
    assert done.stderr == f"Error: {asked}: No such file or directory\n"


def test_a_dry_run_prints_the_difference_a_line_each(tmp_path: Path, file: Path) -> None:
    """Each change is a line of JSON, the summary is the last one, and nothing was changed."""
    rows = [
        json.loads(line) for line in fleet(tmp_path, "import", str(file), "--dry-run").stdout.splitlines()
    ]

    assert [row.get("change") for row in rows] == [
        *["device_added"] * 2,
        *["asset_added"] * 2,
        *["assigned"] * 2,
        None,
    ]
    assert (rows[-1]["applied"], rows[-1]["version"]) == (False, 0)


def test_faults_are_bounded_on_the_screen_and_whole_in_the_error_file(tmp_path: Path) -> None:
    """The first 20 faults are printed; the error file has every one with line, column and value."""
    bad = tmp_path / "bad.csv"
    bad.write_text("device,profile\n" + "".join(f"w{n},none\n" for n in range(30)), "utf-8")
    errors = tmp_path / "errors.csv"
    done = fleet(tmp_path, "import", str(bad), "--errors", str(errors))
    with errors.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))

    assert done.exit_code == 1
    assert f"30 faults in {bad}; nothing was changed" in done.stderr
    assert f"… and 10 more (all are in {errors})" in done.stderr
    assert [int(row["line"]) for row in rows] == list(range(2, 32))


def test_bad_rows_can_be_skipped_and_are_still_told(tmp_path: Path, file: Path) -> None:
    """The good rows are taken; exit 1 says that some were refused."""
    file.write_text(GOOD + "x1,none,,\n", "utf-8")
    done = fleet(tmp_path, "import", str(file), "--skip-bad")

    assert (done.exit_code, json.loads(done.stdout)["added"]) == (1, 2)
    assert "1 fault in" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "line"),
    [
        (["import", "none.csv"], 2, "none.csv: no such file"),
        (["import"], 2, "Missing argument 'FILE'"),
        (["show", "w1"], 1, "no registry here; `narrowgate fleet import` makes one"),
        (["export"], 1, "no registry here"),
    ],
)
def test_misuse_is_told_in_one_line(tmp_path: Path, arguments: list[str], exit_code: int, line: str) -> None:
    """Wrong use ends with 2, a refusal with 1; both say what and where."""
    done = fleet(tmp_path, *arguments)

    assert (done.exit_code, line in done.stderr) == (exit_code, True)


def test_an_unknown_device_is_refused(tmp_path: Path, file: Path) -> None:
    """A device that is not registered is named."""
    fleet(tmp_path, "import", str(file))
    done = fleet(tmp_path, "show", "w9")

    assert (done.exit_code, "the registry knows no device 'w9'" in done.stderr) == (1, True)


def test_the_columns_can_be_listed(tmp_path: Path) -> None:
    """Each column of the CSV is a line of JSON that says what it accepts."""
    rows = {row["column"]: row for row in map(json.loads, fleet(tmp_path, "columns").stdout.splitlines())}

    assert rows["state"]["accepts"] == "one of active, suspended, retired"


@pytest.mark.parametrize("verb", [[], ["import"], ["export"], ["show"], ["columns"]])
def test_every_verb_has_help_with_an_example(tmp_path: Path, verb: list[str]) -> None:
    """`--help` shows how to use it."""
    assert "Example: narrowgate fleet" in fleet(tmp_path, *verb, "--help").stdout
