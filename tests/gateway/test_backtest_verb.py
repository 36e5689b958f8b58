"""`narrowgate backtest` as a user meets it."""

import csv
import io
import json
from pathlib import Path

from click.testing import CliRunner, Result

from narrowgate_gateway.verbs.backtest import command

BURST = """
[burst_here]
family = "water"
help = "Much flow for half an hour."
severity = "major"
when = "slope(volume_m3) > limit"
for = "30min"
params.limit = { default = 1, unit = "m3/h", low = 0, high = 100, help = "much" }
"""


def backtest(directory: Path, *arguments: str) -> Result:
    """Run the verb beside its files."""
    named = [str(directory / part) if part.endswith((".csv", ".toml")) else part for part in arguments]
    return CliRunner().invoke(command, named)


def water(directory: Path, flow_m3_per_h: float = 0.02) -> None:
    """Write ten days of a meter that runs without an end, read every hour."""
    lines = [
        f"m1,2026-01-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z,{100 + hour * flow_m3_per_h:.3f}"
        for hour in range(240)
    ]
    (directory / "w.csv").write_text("\n".join(["device,time,volume_m3", *lines]) + "\n")


def parking(directory: Path) -> None:
    """Write two stays in one bay, of one and of three hours."""
    stays = [("09:00", "10:00"), ("12:00", "15:00")]
    lines = [
        f"b1,2026-01-05T{clock}:00+08:00,{state}"
        for begin, end in stays
        for clock, state in ((begin, "true"), (end, "false"))
    ]
    (directory / "p.csv").write_text("\n".join(["device,time,occupied", *lines]) + "\n")
    (directory / "f.csv").write_text("device,asset,stay_limit\nb1,bay-1,2h\n")


def episodes(result: Result) -> list[dict[str, str]]:
    """Give the rows that were written."""
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_a_leak_of_last_winter_is_found(tmp_path: Path) -> None:
    """Episodes are written as CSV, the counts are told beside."""
    water(tmp_path)
    done = backtest(tmp_path, "--readings", "w.csv", "--family", "water")
    [row] = episodes(done)

    assert (row["rule"], row["device"], row["state"], row["raised_at"], row["cleared_at"]) == (
        "continuous_leak",
        "m1",
        "raised",
        "2026-01-02T00:00:00Z",
        "",
    )
    assert json.loads(done.stderr) == {
        "episodes": {"continuous_leak": 1},
        "rows_left_out": 0,
        "cells_taken_for_missing": 0,
    }


def test_a_meter_that_fell_silent_is_found(tmp_path: Path) -> None:
    """Time passes while others are read, however rarely: three days after the last reading, as live."""
    days = [(1, "m1"), (1, "m2"), *((day, "m2") for day in range(2, 9))]
    lines = [f"{name},2026-01-{day:02d}T06:00:00Z,{day}" for day, name in days]
    (tmp_path / "w.csv").write_text("\n".join(["device,time,volume_m3", *lines]) + "\n")
    done = backtest(tmp_path, "--readings", "w.csv", "--family", "water")

    assert [(row["rule"], row["device"], row["raised_at"], row["cleared_at"]) for row in episodes(done)] == [
        ("meter_silent", "m1", "2026-01-04T06:00:00Z", "")
    ]


def test_an_overstay_is_raised_at_arrival_plus_limit(tmp_path: Path) -> None:
    """The limit comes from the fleet's file, which needs no profiles here; ticks pass between readings."""
    parking(tmp_path)
    done = backtest(tmp_path, "--readings", "p.csv", "--family", "parking", "--fleet", "f.csv")

    assert [(row["rule"], row["asset"], row["raised_at"]) for row in episodes(done)] == [
        ("overstay", "bay-1", "2026-01-05T06:00:00Z")
    ]


def test_a_file_adds_rules_and_sets_thresholds(tmp_path: Path) -> None:
    """A table named as one of our rules sets its thresholds, another one is a rule."""
    water(tmp_path, flow_m3_per_h=2.0)
    (tmp_path / "r.toml").write_text(BURST + "[continuous_leak]\nflowing_h = 48\n")
    done = backtest(tmp_path, "--readings", "w.csv", "--family", "water", "--rules", "r.toml")

    assert [(row["rule"], row["raised_at"]) for row in episodes(done)] == [
        ("burst_here", "2026-01-01T02:00:00Z"),
        ("continuous_leak", "2026-01-03T00:00:00Z"),
    ]


def test_two_files_of_rules_are_compared(tmp_path: Path) -> None:
    """Only what the second finds otherwise is written."""
    water(tmp_path, flow_m3_per_h=2.0)
    (tmp_path / "now.toml").write_text(BURST)
    (tmp_path / "then.toml").write_text("[continuous_leak]\nflowing_h = 24\n")
    done = backtest(
        tmp_path, "--readings", "w.csv", "--family", "water", "--rules", "now.toml", "--diff", "then.toml"
    )

    assert [(row["change"], row["rule"]) for row in episodes(done)] == [("only_before", "burst_here")]


def test_all_faults_of_rules_are_told(tmp_path: Path) -> None:
    """Nothing runs with rules that have a fault."""
    water(tmp_path)
    (tmp_path / "r.toml").write_text('[a]\nfamily = "water"\n[continuous_leak]\nflowing_h = "x"\n')
    done = backtest(tmp_path, "--readings", "w.csv", "--family", "water", "--rules", "r.toml")

    assert (done.exit_code, done.stdout) == (1, "")
    assert [line.partition("r.toml: ")[2].partition(":")[0] for line in done.stderr.splitlines()] == [
        "a.help",
        "a.severity",
        "a.when",
        "continuous_leak.flowing_h",
    ]


def test_a_threshold_out_of_range_is_told(tmp_path: Path) -> None:
    """Thresholds have ranges in a backtest as in a configuration."""
    water(tmp_path)
    (tmp_path / "r.toml").write_text("[continuous_leak]\nflowing_h = 0\n")
    done = backtest(tmp_path, "--readings", "w.csv", "--family", "water", "--rules", "r.toml")

    assert done.stderr == "Error: continuous_leak.flowing_h = 0.0: wants 1 to 720 [h]\n"


def test_columns_that_are_none_are_told(tmp_path: Path) -> None:
    """A file of other columns is refused in one line."""
    (tmp_path / "w.csv").write_text("meter,time\n")
    done = backtest(tmp_path, "--readings", "w.csv", "--family", "water")

    assert (done.exit_code, "column 'meter' is none of water" in done.stderr) == (1, True)


def test_an_empty_recording_has_no_episodes(tmp_path: Path) -> None:
    """A header alone is a recording."""
    (tmp_path / "w.csv").write_text("device,time,volume_m3\n")
    done = backtest(tmp_path, "--readings", "w.csv", "--family", "water")

    assert (done.exit_code, episodes(done)) == (0, [])


def test_what_the_desk_would_be_told_is_the_group_that_is_out(tmp_path: Path) -> None:
    """Four meters of a district without water are four findings and one cause, which names them."""
    meters = [f"m{number}" for number in range(4)]
    lines = [
        f"{meter},2026-01-05T{minute // 60:02d}:{minute % 60:02d}:00Z,{str(minute >= 120).lower()}"
        for minute in range(0, 240, 15)
        for meter in meters
    ]
    (tmp_path / "w.csv").write_text("\n".join(["device,time,empty_pipe", *lines]) + "\n")
    fleet = [f"{meter},asset-{meter},north" for meter in meters]
    (tmp_path / "f.csv").write_text("\n".join(["device,asset,zone", *fleet]) + "\n")
    files = ("--readings", "w.csv", "--family", "water", "--fleet", "f.csv")
    each = episodes(backtest(tmp_path, *files))
    [cause] = episodes(backtest(tmp_path, *files, "--causes"))

    assert [row["rule"] for row in each] == ["empty_pipe"] * 4
    assert (cause["rule"], cause["members"].split()) == ("dma_out", meters)
