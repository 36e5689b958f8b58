"""What every profile owes: a line in the registry, golden frames, and refused ones."""

from pathlib import Path

import pytest

import narrowgate_codecs.profiles
from codec_fixtures import ROOT, load
from narrowgate_codecs import PROFILES
from narrowgate_codecs.elements import Check
from narrowgate_codecs.layout import Element, children
from narrowgate_codecs.registry import BUILT_IN
from narrowgate_codecs.validate import validated

_MODULES = sorted(
    path.stem
    for path in Path(next(iter(narrowgate_codecs.profiles.__path__))).glob("*.py")
    if path.stem != "__init__"
)


def _has_check(fields: tuple[Element, ...]) -> bool:
    return any(isinstance(field, Check) or _has_check(children(field)) for field in fields)


def test_every_profile_module_is_registered() -> None:
    """A module of the profiles folder is one line of the registry, under its own name."""
    assert sorted(BUILT_IN) == _MODULES


def test_profile_has_its_own_name() -> None:
    """A profile is registered under the name it bears."""
    assert list(PROFILES) == [profile.name for profile in PROFILES.values()]


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_shipped_profile_is_sound(name: str) -> None:
    """What Narrowgate brings along passes the checks that packages outside must pass."""
    assert validated(PROFILES[name]) is PROFILES[name]


def test_no_fixture_folder_is_without_a_profile() -> None:
    """A folder of golden frames belongs to a registered profile."""
    assert sorted(BUILT_IN) == sorted(path.name for path in ROOT.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_profile_has_a_frame_with_readings(name: str) -> None:
    """A profile has a golden frame that is stored whole and gives readings, if it gives readings at all."""
    cases = [load(path) for path in (ROOT / name).glob("*.toml")]
    good = [case for case in cases if "refused" not in case]

    assert any(case.get("readings") or not PROFILES[name].readings for case in good)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_profile_has_frames_that_are_damaged(name: str) -> None:
    """A profile shows what becomes of an empty frame, a cut one, a longer one and a wrong check sum."""
    owed = {"empty", "cut", "one_byte_too_long"}
    if _has_check(PROFILES[name].up):
        owed.add("bad_check_sum")

    assert set() == owed - {path.stem for path in (ROOT / name).glob("*.toml")}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
@pytest.mark.parametrize("case", ["cut", "one_byte_too_long"])
def test_damaged_frame_is_refused(name: str, case: str) -> None:
    """A cut or longer frame is refused, at least in part."""
    assert "refused" in load(ROOT / name / f"{case}.toml")
