"""Commands of every kind, drawn."""

from hypothesis import strategies as st

from narrowgate_schema.commands import (
    DAYS,
    ClockStep,
    Command,
    LampCalendar,
    LampLevel,
    LampProgramme,
    Reboot,
    Recalibrate,
    ReportInterval,
    SunStep,
    Valve,
)

LEVELS = st.integers(0, 100)
SERIES = st.sampled_from(
    ["", "analog_0_10v", "dali_broadcast", "dali_group_3", "dali_single_63", "relay_8", "x"]
)
_OFFSETS = st.integers(-720, 720)
_SUN = st.lists(st.builds(SunStep, st.integers(70, 110), LEVELS), max_size=4).map(tuple)
_CLOCK = st.lists(
    st.builds(ClockStep, st.integers(0, 143).map(lambda step: 10 * step) | st.integers(0, 1439), LEVELS),
    max_size=5,
).map(tuple)


def commands() -> st.SearchStrategy[Command]:
    """Give commands of all kinds."""
    return st.one_of(
        st.builds(LampLevel, LEVELS | st.none(), SERIES, st.none() | st.integers(1, 600)),
        st.builds(
            LampCalendar,
            st.integers(-90, 90),
            st.integers(-180, 180),
            _SUN,
            _SUN,
            st.just(0) | _OFFSETS,
            st.just(0) | _OFFSETS,
        ),
        st.builds(
            LampProgramme,
            _CLOCK,
            st.lists(st.sampled_from(DAYS), unique=True).map(tuple),
            SERIES,
            st.integers(0, 255),
        ),
        st.builds(Valve, st.booleans()),
        st.builds(ReportInterval, st.sampled_from([600, 3600, 43200, 86400]) | st.integers(1, 31_622_400)),
        st.just(Recalibrate()),
        st.just(Reboot()),
    )
