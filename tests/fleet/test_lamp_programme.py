"""A programme of lamps is read with every fault at once, and says of each night what holds."""

from datetime import date

import pytest

from narrowgate_fleet.lamp_programme import NightStep, ProgrammeFault, read_lamp_nights

_TEXT = """
[arterial]
steps = "sunset 100; 23:00 60; 05:00 100; sunrise-10 0"

[default]
steps = "dusk 94.5 80; dawn 94.5 0"

[[special_days]]
days = [2026-10-01, 2026-10-02]
steps.arterial = "sunset 100; sunrise 0"
"""
_SUNSET = NightStep(100, "sunset")


def _steps(text: str, extra: str = "") -> tuple[NightStep, ...]:
    return read_lamp_nights(f'[branch]\nsteps = "{text}"\n{extra}').classes["branch"]


def test_a_class_has_its_steps() -> None:
    """Steps go by the sun with minutes, by the clock, or by the sun's angle."""
    nights = read_lamp_nights(_TEXT)

    assert nights.steps("arterial", date(2026, 9, 30)) == (
        _SUNSET,
        NightStep(60, at_min=1380),
        NightStep(100, at_min=300),
        NightStep(0, "sunrise", -10),
    )
    assert nights.steps("arterial", date(2026, 10, 1)) == (_SUNSET, NightStep(0, "sunrise"))


@pytest.mark.parametrize("road_class", ["branch", None])
def test_a_lamp_of_no_class_has_the_default(road_class: str | None) -> None:
    """Who is of no class that is named goes by the default, on special days of others too."""
    steps = (NightStep(80, "dusk", zenith_deg=94.5), NightStep(0, "dawn", zenith_deg=94.5))

    assert read_lamp_nights(_TEXT).steps(road_class, date(2026, 10, 1)) == steps


def test_without_a_default_nothing_is_said() -> None:
    """A lamp of a class that nobody named is told nothing."""
    assert read_lamp_nights('[arterial]\nsteps = "sunset 100"').steps("branch", date(2026, 1, 1)) is None


def test_part_night_is_off_and_then_what_would_have_held() -> None:
    """Within a part-night the lamp is off; steps within it hold behind it."""
    steps = _steps("sunset 100; 23:00 60; 02:00 30; sunrise 0", 'part_night = "00:30-05:00"')

    assert steps == (
        _SUNSET,
        NightStep(60, at_min=1380),
        NightStep(0, at_min=30),
        NightStep(30, at_min=300),
        NightStep(0, "sunrise"),
    )


def test_a_part_night_may_end_with_a_step() -> None:
    """A step at the very end of a part-night is what holds behind it, once."""
    steps = _steps("sunset 100; 05:00 70; sunrise 0", 'part_night = "00:30-05:00"')

    assert steps == (_SUNSET, NightStep(0, at_min=30), NightStep(70, at_min=300), NightStep(0, "sunrise"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[branch\n", "is no TOML"),
        ("", "no class of road"),
        ("branch = 3", "branch: steps such as"),
        ('[branch]\nsteps = ""', "branch: 1 to 16 steps are possible"),
        ('[branch]\nsteps = "noon 50"', "'noon 50' is no step such as"),
        ('[branch]\nsteps = "sunset 101"', "a level from 0 to 100 is wanted"),
        ('[branch]\nsteps = "25:00 50"', "'25:00' is no time of day"),
        ('[branch]\nsteps = "23:00 50; sunset 100"', "steps go from the evening's sun"),
        ('[branch]\nsteps = "01:00 50; 23:00 40"', "steps go from the evening's sun"),
        ('[branch]\nsteps = "sunset 100"\npart_night = "late"', "part_night: 'late'"),
        ('[branch]\nsteps = "sunset 100"\npart_night = "05:00-01:00"', "must end after it starts"),
        ('[branch]\nsteps = "sunset 100"\npart_nigth = "01:00-05:00"', "branch.part_nigth"),
        ('[branch]\nsteps = "sunset 100"\n[[special_days]]\ndays = []', r"special_days\[0\]: days, a list"),
        (
            '[branch]\nsteps = "sunset 100"\n[[special_days]]\ndays = ["x"]\nsteps.branch = "sunset 1"',
            "a date such as 2026-10-01",
        ),
        (
            '[branch]\nsteps = "23:00 9"\n[[special_days]]\ndays=[2026-01-01]\nsteps.arterial = "sunset 1"',
            r"special_days\[0\].arterial: one of branch is possible",
        ),
        (
            '[branch]\nsteps = "sunset 100"\n[[special_days]]\ndays = [2026-01-01, 2026-01-01]\nsteps = {}',
            "2026-01-01 is a special day already",
        ),
    ],
)
def test_a_fault_says_where_and_what_would_be_right(text: str, fault: str) -> None:
    """Whatever is wrong with a programme is said in one line that names the place."""
    with pytest.raises(ProgrammeFault, match=fault):
        read_lamp_nights(text)


def test_all_faults_are_told_at_once() -> None:
    """Each class's fault is a line of its own."""
    with pytest.raises(ProgrammeFault) as raised:
        read_lamp_nights('[a]\nsteps = "x"\n[b]\nsteps = "y"\nz = 1')

    assert [fault.partition(":")[0] for fault in raised.value.faults] == ["a", "b.z", "b"]
