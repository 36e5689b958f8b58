"""Written rules against their plain twin, and any batch split against one batch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_rules import Engine
from narrowgate_rules.written import read_rules
from narrowgate_schema.words import Family
from rules_arrivals import CUTS, _course
from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, NOWHERE, Arrival, Heard, hear, hear_in_parts
from rules_twin import Version
from written_twin import Twin

_STEPS_US = st.sampled_from(
    [
        0,
        MINUTE_US,
        *[5 * MINUTE_US] * 4,
        15 * MINUTE_US,
        HOUR_US,
        3 * HOUR_US,
        6 * HOUR_US,
        7 * HOUR_US,
        -HOUR_US,
    ]
)
_VALUES = st.fixed_dictionaries(
    {
        "flow_m3_per_h": st.sampled_from([0.0, 0.1, 0.25, 0.3, 1.0, 2.5, -0.2, None]),
        "temperature_c": st.sampled_from([1.0, 2.0, 3.5, None, 2.0]),
        "tamper": st.sampled_from([True, False, None]),
    }
)
ARRIVALS = st.lists(
    st.tuples(st.sampled_from(["a", "a", "b", "tick"]), _STEPS_US, st.booleans(), _VALUES), max_size=80
).map(lambda steps: _course(steps, MONDAY_US))

EXPRESSIONS = [
    ("any_of(tamper, temperature_c <= 2)", None),
    ("slope(flow_m3_per_h) > 0.5 or slope(temperature_c) < -2", None),
    ("first_known(temperature_c, 2 * held(temperature_c)) >= 4", None),
    ('steady(temperature_c, "10min") and flow_m3_per_h > 0', None),
    ("flow_m3_per_h > before_switch(flow_m3_per_h, held(temperature_c))", None),
    ("before_switch(temperature_c, tamper) <= 2", 'steady(held(flow_m3_per_h), "1h")'),
    ("temperature_c <= 2", None),
    ("temperature_c <= 2", "temperature_c > 3"),
    ("tamper", "not tamper and flow_m3_per_h > 0"),
    ("flow_m3_per_h > 0.2 or temperature_c <= 1", None),
    ("held(temperature_c) <= 2 and flow_m3_per_h > 0", None),
    ("flow_m3_per_h > previous(flow_m3_per_h)", None),
    ("abs(flow_m3_per_h - previous(flow_m3_per_h)) >= 0.1 or not known(temperature_c)", None),
    ("temperature_c / 2 > 2 * temperature_c - 3", None),
    *(
        (f'{name}(flow_m3_per_h, "1h") > 0.2', None)
        for name in ("min", "max", "mean", "sum", "delta", "rate")
    ),
    ('count(flow_m3_per_h, "1h") >= 3', None),
    ('count(flow_m3_per_h > 0.2, "40min") >= 2', None),
    ('share(flow_m3_per_h > 0.2, "6h") >= 0.5', 'share(flow_m3_per_h > 0.2, "6h") < 0.25'),
    ('max(mean(flow_m3_per_h, "30min"), "3h") > 0.5', None),
    ('min(flow_m3_per_h, "24h") > 0', "flow_m3_per_h == 0"),
]


def engine_of(when: str, clear: str | None, hold: str, clear_hold: str) -> Engine:
    """Give an engine with one written rule."""
    lines = ["[it]", 'family = "water"', 'help = "it"', 'severity = "minor"', f"when = '{when}'"]
    lines += [f"clear = '{clear}'"] if clear is not None else []
    lines += [f'for = "{hold}"', f'clear_for = "{clear_hold}"']
    return Engine(read_rules("\n".join(lines), "it.toml"))


def said(heard: Heard) -> list[Version]:
    """Give what the twin gives."""
    names = ("device", "version", "state", "raised_at", "cleared_at", "frame")
    rows: list[Version] = [tuple(row[name] for name in names) for row in heard.findings]
    return rows


@pytest.mark.parametrize(("when", "clear"), EXPRESSIONS)
@given(ARRIVALS, st.sampled_from(["0s", "10min", "2h"]), st.sampled_from(["0s", "1h"]))
@settings(deadline=None, max_examples=60)
def test_a_written_rule_finds_what_its_text_says(
    when: str, clear: str | None, arrivals: list[Arrival], hold: str, clear_hold: str
) -> None:
    """The engine finds what the text, read row by row by a plain interpreter, finds."""
    twin = Twin(when, clear, hold=hold, clear_hold=clear_hold)

    assert said(hear(engine_of(when, clear, hold, clear_hold), Family.WATER, arrivals)) == twin.versions(
        arrivals
    )


LASTING = [(None, True), ("flow_m3_per_h > 0.2", False), ("temperature_c < 0", True)]


def _lasting(worse: str | None, latched: bool) -> Engine:
    lines = ["[it]", 'family = "water"', 'help = "it"', 'severity = "minor"', "when = 'temperature_c <= 2'"]
    lines += [f"worse = '{worse}'", 'worse_severity = "major"'] if worse is not None else []
    return Engine(read_rules("\n".join([*lines, f"latched = {str(latched).lower()}"]), "it.toml"))


@pytest.mark.parametrize(("worse", "latched"), LASTING)
@given(ARRIVALS, CUTS)
@settings(deadline=None, max_examples=60)
def test_what_latches_or_grows_worse(
    worse: str | None, latched: bool, arrivals: list[Arrival], cuts: list[int]
) -> None:
    """Versions of episodes that latch or grow worse are as the definition reads, wherever batches end."""
    heard = hear_in_parts(lambda: _lasting(worse, latched), Family.WATER, arrivals, NOWHERE, cuts)
    for row in heard.findings:
        row["state"] += "!" * (row["severity"] == "major")

    assert said(heard) == Twin("temperature_c <= 2", worse=worse, latched=latched).versions(arrivals)


@pytest.mark.parametrize(("when", "clear"), EXPRESSIONS)
@given(ARRIVALS, CUTS)
@settings(deadline=None, max_examples=40)
def test_any_split_of_the_arrivals_gives_the_same(
    when: str, clear: str | None, arrivals: list[Arrival], cuts: list[int]
) -> None:
    """Findings, evidence included, do not depend on batches, nor on a snapshot between any two of them."""
    whole = hear(engine_of(when, clear, "10min", "0s"), Family.WATER, arrivals)
    parts = hear_in_parts(
        lambda: engine_of(when, clear, "10min", "0s"), Family.WATER, arrivals, NOWHERE, cuts
    )

    assert parts.findings == whole.findings
