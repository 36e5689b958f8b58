"""A family's file: what it declares, and every fault of it in a line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from narrowgate_rules.written.units import unit_of
from narrowgate_schema.declared import Column, Figure
from narrowgate_schema.families import BUILT_IN, DECLARED
from narrowgate_schema.family_file import FamilyFaults, read_family
from narrowgate_schema.units import UNITS
from narrowgate_schema.words import Family

NOISE = """
family = "noise"
en = "Noise"
zh = "噪声"
colour = "#7a5fd0"
main = "laeq_db"

[chart]
figure = "mean"
en = "Mean level"
zh = "平均声级"

[fields]
laeq_db = { unit = "dB", en = "Level", zh = "声级" }

[flags]
overload = { en = "Overload", zh = "过载" }
"""
FAULTS = [
    ('family = "noise"', 'family = "Noise"', "family = 'Noise': wants small letters, digits and _"),
    (
        'family = "noise"',
        'family = "session"',
        "family = 'session': the name is another thing's already: a table, a page, a word of SQL",
    ),
    ('family = "noise"', 'family = "water"', "family = 'water': there is a family of that name"),
    ("laeq_db = {", "laeq = {", "fields.laeq: in dB, its name ends in _db"),
    ('unit = "dB"', 'unit = "sone"', "fields.laeq_db.unit = 'sone': no unit; known are V, mV, A"),
    ('unit = "dB"', "unit = [1]", "fields.laeq_db.unit = [1]: no unit; known are V, mV, A"),
    ('unit = "dB"', 'dtype = "date"', "fields.laeq_db.dtype = 'date': one of float64, int64, bool, string"),
    ('unit = "dB"', 'unit = "dB", null = ""', "fields.laeq_db.null = '': what it means that the value"),
    ('unit = "dB"', 'unit = "dB", max = 3', "fields.laeq_db.max: no such key; known are dtype, en"),
    (', zh = "声级" }', " }", "fields.laeq_db.zh: is missing"),
    ('zh = "声级"', 'zh = "\\u0007"', "laeq_db.zh = '\\x07': 1 to 60 characters that can be printed"),
    ("[flags]", 'battery_v = { en = "B", zh = "B" }\n[flags]', "fields.battery_v: every family"),
    ("overload = {", "laeq_db = {", "flags.laeq_db: stands in [fields] already"),
    ("[flags]", 'tilt_deg = { unit = "deg", dtype = "int64", en = "T", zh = "T" }\n[flags]',
     "fields.tilt_deg: is float64 [deg] of lighting: one name has one meaning"),
    ('main = "laeq_db"', 'main = "battery_v"', "main = 'battery_v': a number or flag of [fields] or [flags]"),
    ('main = "laeq_db"', "main = [1]", "main = [1]: a number or flag of [fields] or [flags]"),
    ('main = "laeq_db"', 'main = "laeq_db"\nshown = ["x"]', "shown = 'x': no number or flag of this family"),
    ('"#7a5fd0"', '"violet"', "colour = 'violet': wants #rrggbb, in small letters"),
    ('figure = "mean"', 'figure = "median"', "chart.figure = 'median': one of mean, sum, highest, lowest"),
    ('figure = "mean"', 'figure = "share"', "chart.figure = 'share': laeq_db is a float64"),
    ('figure = "mean"', 'figure = "mean"\nper = 0', "chart.per = 0: a number above 0"),
    ("[flags]", '[services]\nvolume_m3 = { en = "V", zh = "V" }\n[flags]', "services.volume_m3: is"),
    ("[chart]", "[page]", "page: no such key; known are chart, colour"),
    ('family = "noise"', "family = ", "no TOML: Invalid value"),
]  # fmt: skip
_ASK = """
import json
from narrowgate_codecs import PROFILES
from narrowgate_schema import families
from narrowgate_schema.words import Family
print(json.dumps([list(families.DECLARED), families.FAULTS, [family.value for family in Family]]))
"""


def _asked(folder: Path, **packages: str) -> list[list[str]]:
    """Give families and faults of a process in which packages with these files are installed."""
    for name, text in packages.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise SystemExit('the code of a family was run')\n")
        (folder / name / "family.toml").write_text(text, encoding="utf-8")
        metadata = folder / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[narrowgate.families]\nof = {name}:family.toml\n")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", _ASK], env=env, capture_output=True, text=True, check=True)
    told: list[list[str]] = json.loads(done.stdout)
    return told


def test_a_file_declares_a_family() -> None:
    """Fields come before flags, words in both languages by name, the chart as it is asked for."""
    family = read_family(NOISE, "noise.toml", DECLARED)

    assert family.columns == (
        Column("laeq_db", "float64", "dB"),
        Column("overload", "bool", "", kind="flag"),
    )
    assert (family.chart.figure, family.chart.unit, family.words["noise_way"]) == (
        Figure.MEAN,
        "dB",
        ("Noise", "噪声"),
    )


def test_a_name_is_shared_by_families_that_mean_the_same() -> None:
    """A field of another family may be declared again with its type and unit."""
    text = NOISE.replace("[flags]", 'tilt_deg = { unit = "deg", en = "Tilt", zh = "倾角" }\n[flags]')

    assert read_family(text, "noise.toml", DECLARED).columns[1].name == "tilt_deg"


@pytest.mark.parametrize(("sound", "spoilt", "told"), FAULTS, ids=[each[2][:30] for each in FAULTS])
def test_a_fault_is_told_in_a_line(sound: str, spoilt: str, told: str) -> None:
    """What is wrong is named with its key, its value and what would be right."""
    with pytest.raises(FamilyFaults) as refused:
        read_family(NOISE.replace(sound, spoilt, 1), "noise.toml", DECLARED)

    lines = [str(fault) for fault in refused.value.faults]
    assert [line for line in lines if line.startswith(f"noise.toml: {told}")], lines
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", ["1", "true", "[1]", "{ a = 1 }", "1.5", "'\\u0007'", "2026-01-01"])
@pytest.mark.parametrize(
    "key", ["family", "en", "colour", "main", "shown", "chart", "fields", "flags", "services"]
)
def test_a_value_of_another_kind_is_a_fault(key: str, value: str) -> None:
    """No value of another kind raises anything but the faults of the file."""
    lines = [line for line in NOISE.splitlines() if not line.startswith(f"{key} =")]
    text = "\n".join([f"{key} = {value}", *(line for line in lines if line != f"[{key}]")])

    with pytest.raises(FamilyFaults, match=r"noise\.toml: "):
        read_family(text, "noise.toml", DECLARED)


def test_every_unit_of_a_field_is_a_unit_of_rules() -> None:
    """Written rules can compare each quantity that a family may declare."""
    assert [unit for unit in UNITS if unit_of(unit) is None] == []


def test_packages_are_known_by_name_and_none_of_their_code_is_run(tmp_path: Path) -> None:
    """Narrowgate's own families come first, then those of packages, whatever order they are found in."""
    air = NOISE.replace('"noise"', '"air"').replace("laeq_db", "level_db").replace("overload", "clipped")

    declared, faults, words = _asked(tmp_path, zz_noise=NOISE, aa_air=air)

    assert (declared, faults, words) == ([*BUILT_IN, "air", "noise"], [], declared)


def test_a_package_with_a_fault_costs_nobody_else_anything(tmp_path: Path) -> None:
    """One that is not sound is told in one line that names it; the other families are there."""
    declared, faults, _ = _asked(tmp_path, acme=NOISE.replace("#7a5fd0", "violet"))

    assert declared == list(BUILT_IN)
    assert faults == ["narrowgate.families of of acme: colour = 'violet': wants #rrggbb, in small letters"]


def test_a_family_is_the_one_of_its_name() -> None:
    """A name gives the same family every time, and one that nobody declared gives none."""
    assert Family("water") is Family.WATER
    assert Family.known("noise") is None
    with pytest.raises(ValueError, match="'noise' is no family; known are water, parking, lighting"):
        Family("noise")
