"""`narrowgate figures` as a user meets it."""

import csv
import io
from pathlib import Path

from click.testing import CliRunner

from narrowgate_gateway.app import narrowgate

BAYS = """device,asset,zone,street,report_interval_s
b1,s1,north,High Street,14400
b2,s2,north,Low Street,14400
"""
CARS = """device,time,occupied
b1,2026-03-02T00:00:00Z,false
b2,2026-03-02T00:00:00Z,false
b1,2026-03-02T06:00:00Z,true
b1,2026-03-02T12:00:00Z,false
b1,2026-03-02T18:00:00Z,false
"""
METERS = """device,asset,zone,role
i,in,east,inlet
c1,one,east,customer
c2,two,east,customer
"""


def figures(folder: Path, readings: str, fleet: str, *more: str) -> list[dict[str, str]]:
    """Run the verb; give its rows."""
    (folder / "r.csv").write_text(readings)
    (folder / "f.csv").write_text(fleet)
    files = ["--readings", str(folder / "r.csv"), "--fleet", str(folder / "f.csv"), "--timezone", "UTC"]
    done = CliRunner().invoke(narrowgate, ["figures", *files, *more])
    assert (done.exit_code, done.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_occupancy_of_each_street(tmp_path: Path) -> None:
    """A car of six hours on one side, an unheard sensor on the other."""
    rows = figures(tmp_path, CARS, BAYS, "--family", "parking", "--by", "street")

    assert [(row["place"], row["sessions"], row["occupancy_pct"]) for row in rows] == [
        ("High Street", "1.0", "25.0"),
        ("Low Street", "-1.0", "-1.0"),
    ]


def test_what_a_district_loses(tmp_path: Path) -> None:
    """Of twenty-four cubic metres a tenth."""
    hours = [(hour, 10 + hour, 2 + hour / 2, 5 + hour * 0.4) for hour in range(25)]
    lines = [
        f"{device},2026-03-02T{hour:02d}:00:00Z,{value:.3f}"
        for hour, *values in hours[:24]
        for device, value in zip(("i", "c1", "c2"), values, strict=True)
    ]
    lines += [
        f"{device},2026-03-03T00:00:00Z,{value:.3f}"
        for device, value in zip(("i", "c1", "c2"), hours[24][1:], strict=True)
    ]
    rows = figures(tmp_path, "\n".join(["device,time,volume_m3", *lines]), METERS, "--family", "water")

    assert rows[0] | {"from": "", "to": ""} == {
        "from": "",
        "to": "",
        "place": "east",
        "input_m3": "24.0",
        "metered_m3": "21.6",
        "loss_m3": "2.4",
        "nrw_pct": "10.0",
        "customers": "2",
        "known": "2",
    }
