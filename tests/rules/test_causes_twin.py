"""Causes against their definition, and against any cut of the arrivals."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from causes_city import Arrival, Heard, Places, Said, causes_of, tell
from causes_twin import CausesTwin
from rules_arrivals import CUTS
from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, SECOND_US, Tick

DEVICES = tuple(f"d{n}" for n in range(12))
CITY = Places(
    DEVICES,
    {
        "cell": ["C1"] * 6 + ["C2"] * 4 + [None] * 2,
        "cabinet": ["K1"] * 6 + ["K2"] * 3 + [None] * 3,
        "feeder": ["F1"] * 3 + ["F2"] * 3 + ["F3"] * 4 + [None] * 2,
    },
    [300.0, 300.0, 900.0] * 2 + [300.0, float("nan"), 3600.0, 300.0, 300.0, 900.0],
)
_RULES = ("lamp_silent", "supply_loss", "lamp_silent", "supply_loss", "lamp_out", "leakage", "day_burner")
_STEPS_US = (0, 7 * SECOND_US, MINUTE_US, 2 * MINUTE_US, 5 * MINUTE_US, 20 * MINUTE_US)
_one = st.tuples(st.sampled_from(DEVICES).map(lambda device: (device,)), st.sampled_from(("heard", *_RULES)))
_many = st.tuples(
    st.sampled_from([DEVICES[:3], DEVICES[:5], DEVICES[:6], DEVICES[3:6], DEVICES[6:10], DEVICES]),
    st.sampled_from(("heard", "lamp_silent", "supply_loss")),
)
_steps = st.lists(
    st.tuples(
        st.sampled_from(_STEPS_US), st.one_of(_one, _many, st.just(((), "tick")), st.just(((), "tick")))
    ),
    max_size=50,
)


def _course(steps: Sequence[tuple[int, tuple[tuple[str, ...], str]]]) -> list[Arrival]:
    """Lay steps out: a rule that is told again of a device is over, and begins anew."""
    arrivals: list[Arrival] = []
    now_us = MONDAY_US
    open_us: dict[tuple[str, str], int] = {}
    for step_us, (devices, what) in steps:
        now_us += step_us
        for n, device in enumerate(devices or ("",)):
            frame, at_us = 2 * len(arrivals), now_us + n * SECOND_US
            if what in ("heard", "tick"):
                arrivals.append(Tick(frame, now_us) if what == "tick" else Heard(frame, device, at_us))
                continue
            begun_us = open_us.pop((what, device), None)
            if begun_us is not None:
                arrivals.append(Said(frame, what, device, begun_us, 2, begun_us, max(at_us, begun_us + 1)))
                continue
            severity = "safety" if what == "leakage" else "minor"
            silent_us = 2 * HOUR_US // 3 if what == "lamp_silent" else None
            open_us[what, device] = at_us
            arrivals.append(Said(frame, what, device, at_us, 1, at_us, None, severity, silent_us))
    for n in range(8):
        arrivals.append(Tick(2 * len(arrivals), now_us + (n + 1) * 17 * MINUTE_US))
    return arrivals


@given(_steps.map(_course))
@settings(deadline=None, max_examples=80)
def test_causes_twin(arrivals: list[Arrival]) -> None:
    """Groups and what the desk is told are as a plain reading of their definition gives them."""
    expected = CausesTwin(CITY).hear(arrivals).brief()

    assert expected == tell(causes_of(), arrivals, CITY).brief()


@given(_steps.map(_course), CUTS)
@settings(deadline=None, max_examples=30)
def test_causes_splits(arrivals: list[Arrival], cuts: list[int]) -> None:
    """Causes do not depend on where batches end, nor on what was remembered being packed and unpacked."""
    whole = tell(causes_of(), arrivals, CITY)

    parts = tell(causes_of(), arrivals, CITY, cuts)

    assert (whole.groups, whole.causes) == (parts.groups, parts.causes)
