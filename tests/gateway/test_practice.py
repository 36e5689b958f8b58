from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from narrowgate_cases.practice import DEFAULT_LIMITS, HOUR_US
from narrowgate_gateway.config import load
from narrowgate_gateway.practice import desk_faults, practice_of
from narrowgate_schema.words import Severity

ZONE = ZoneInfo("Asia/Shanghai")
DESK = """
[desk]
grid_file = "grid.geojson"
hours = ["mon-fri 09:00-17:00"]
holidays = [2026-10-01]
workdays = [2026-10-10]
limits = {major = "1wd"}
relapse_h = 6
device_verifies = false
[desk.services.lamp_out]
limits = {major = "4h"}
device_verifies = true
[desk.services.overstay]
relapse_h = 1
"""


def _desk(folder: Path, text: str = DESK) -> Path:
    path = folder / "narrowgate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_desk_works_as_the_file_says(tmp_path: Path) -> None:
    """Limits, calendar and services are the file's, and the defaults where it says nothing."""
    practice = practice_of(load(_desk(tmp_path)).desk, ZONE)
    leak, lamp = (practice.limit(name, "major") for name in ("continuous_leak", "lamp_out"))

    assert leak is not None
    assert lamp is not None
    assert (leak.amount_us, leak.is_working, lamp.amount_us) == (8 * HOUR_US, True, 4 * HOUR_US)
    assert practice.limits[Severity.SAFETY] == DEFAULT_LIMITS[Severity.SAFETY]
    shifted = [practice.calendar.hours_of(date(2026, 10, day)) for day in (1, 10)]
    assert shifted == [(), ((540, 1020),)]


def test_services_take_the_desks_words_where_they_have_none(tmp_path: Path) -> None:
    """A service's own words go before the desk's; an overstay relapses only where the file says so."""
    practice = practice_of(load(_desk(tmp_path)).desk, ZONE)
    plain = practice_of(load(_desk(tmp_path, "")).desk, ZONE)

    assert [practice.service(name).device_verifies for name in ("lamp_out", "leak")] == [True, False]
    assert [practice.service(name).relapse_us for name in ("leak", "overstay")] == [6 * HOUR_US, HOUR_US]
    assert plain.service("overstay").relapse_us is None


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A file of the desk counts from the configuration's folder, and is named with what is wrong."""
    path = _desk(tmp_path)
    [fault] = desk_faults(path, load(path).desk)

    assert fault.key == "desk.grid_file"
    assert str(tmp_path / "grid.geojson: No such file") in str(fault)
