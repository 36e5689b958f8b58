"""Files of rules: what is refused, with its place, and what is made of the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_rules import Engine
from narrowgate_rules.written import RuleFaults, read_rules
from narrowgate_rules.written.grammar import MOST_CHARACTERS
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MONDAY_US, Columns, Row, hear

HEAD = '[it]\nfamily = "water"\nhelp = "it"\nseverity = "minor"\n'


def faults_of(text: str) -> list[str]:
    """Give what is wrong with a file, a line each; [] if nothing is."""
    try:
        read_rules(text, "r.toml")
    except RuleFaults as refused:
        return [str(fault) for fault in refused.faults]
    return []


def fault_of(expression: str) -> str:
    """Give what is wrong with a condition."""
    [fault] = faults_of(f"{HEAD}when = '''{expression}'''")
    return fault.removeprefix("r.toml: it.when")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("flow_m3_per_h > volume_m3", ", character 1: m3/h and m3 cannot be put together"),
        ("volume_m3 + temperature_c > 3", ", character 1: m3 and Cel cannot be put together"),
        ("flow_m3_per_h", ": is a number; a condition compares"),
        ("tamper > 1", ", character 1: a condition stands where a number is wanted"),
        (
            "tamper and flow_m3_per_h",
            ", character 12: a number stands where a condition is wanted; compare it",
        ),
        ("flow_m3_per_h >", ", character 16: is no expression"),
        ("flow_m3_per_h > 'x'", ", character 17: 'x' stands where a number is wanted"),
        ("flow_m3_per_h > True", ", character 17: True stands where a number is wanted"),
        ("flow_m3_per_h > 1e400", ", character 17: the number is too large"),
        ("flow_m3_per_h ** 2 > 1", ", character 1: of arithmetic there is + - * /"),
        ("flow_m3_per_h in (1, 2)", ", character 18: '(1, 2)' is nothing that a rule can say"),
        ("flow_m3_per_h is 1", ", character 1: of comparisons there is < <= > >= == !="),
        ("min(flow_m3_per_h) > 1", ', character 1: min takes a value and a duration: min(x, "1h")'),
        (
            'min(flow_m3_per_h, "1 week") > 1',
            ", character 20: '1 week' is no duration; write 30s, 10min, 6h or 30d",
        ),
        ('min(flow_m3_per_h, "400d") > 1', ", character 20: '400d' is longer than 366d"),
        ('min(flow_m3_per_h, "5s") > 1', ", character 20: a window spans 16s at least"),
        ('share(flow_m3_per_h, "1h") > 1', ", character 7: share is taken of a condition"),
        ('mean(tamper, "1h") > 1', ", character 6: mean is taken of a number"),
        ('between("6:00", "24:00")', ", character 9: '6:00' is no time of day; write 06:00, 22:30 or 24:00"),
        ('on("holidays")', ", character 4: 'holidays' names no weekdays; write mon-fri, or sat,sun"),
        ("between(1, 2)", ", character 9: a text in quotes is wanted here"),
        ("().__class__", ", character 1: '().__class__' is nothing that a rule can say"),
        ("[x for x in y]", ", character 1: '[x for x in y]' is nothing that a rule can say"),
        ("(lambda: 1)()", ", character 1: is no call of a function of ours"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(expression: str, said: str) -> None:
    """A fault names the character of the expression and what would be right."""
    assert fault_of(expression) == said


@pytest.mark.parametrize(
    ("expression", "start"),
    [
        ("open('/etc/passwd') > 1", ", character 1: 'open' is no function; known: min, max,"),
        ("pressure > 1", ", character 1: 'pressure' is neither a parameter nor a column; known: battery_v,"),
        ('attribute("tenant") > 1', ", character 11: 'tenant' is no number of the registry; known: report_"),
    ],
)
def test_a_name_that_is_none_is_told_with_those_there_are(expression: str, start: str) -> None:
    """Whoever mistypes a name sees the names."""
    assert fault_of(expression).startswith(start)


def test_all_faults_of_a_file_are_told_at_once() -> None:
    """Nobody mends a file one fault at a time."""
    text = (
        '[A]\nfamily = "heat"\nwhen = "x > 1"\nfor = "soon"\nplus = 1\n'
        '[b]\nfamily = "heat"\nhelp = ""\nseverity = "bad"\nwhen = "tamper"\nfor = "soon"\n'
        '[c]\nfamily = "water"\nhelp = ""\nseverity = "info"\nwhen = "x > 1"\nclear = "y"\n'
        'params.t = { default = 9, unit = "ell", low = 0, high = 10, help = "" }\n'
    )
    places = [fault.split(": ")[1] for fault in faults_of(text)]

    assert places == [
        "A", "A.plus", "A.help", "A.severity", "b.family", "b.severity", "b.for", "c.params.t",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["[", "x = 1", 'it = "x"', "\ud800"])
def test_a_file_that_is_none_is_refused(text: str) -> None:
    """Broken TOML, and values where rules are wanted, are faults."""
    assert len(faults_of(text)) >= 1


def test_a_rule_that_would_remember_too_much_is_refused() -> None:
    """What a rule keeps of a device has a bound."""
    windows = " and ".join(f'rate(volume_m3, "{hours}h") > 1' for hours in range(1, 5))

    assert fault_of(windows).startswith(": would remember ")


def test_an_expression_has_a_length() -> None:
    """A text beyond the bound is refused before it is read."""
    assert (
        fault_of("1" * (MOST_CHARACTERS + 1)) == f", character 1: is longer than {MOST_CHARACTERS} characters"
    )


@pytest.mark.parametrize("text", ["(" * 900 + "1" + ")" * 900, "not " * 400 + "tamper", "-" * 1900 + "1"])
def test_a_deep_expression_is_refused(text: str) -> None:
    """Nesting cannot exhaust the stack."""
    assert fault_of(text)


@given(st.text(alphabet="flow_m3_per_h()<>=.+-*/\"'1hmin,and or not[]{}:@\\", max_size=60))
@settings(deadline=None)
def test_whatever_stands_there_is_a_rule_or_a_fault(text: str) -> None:
    """No text raises anything else."""
    quoted = text.replace("\\", "").replace("'", '"')

    assert isinstance(faults_of(f"{HEAD}when = '{quoted}'"), list)


def test_units_of_products_are_told() -> None:
    """A flow times a time is a volume: what fits may be compared, whatever it was made of."""
    text = HEAD.replace('"water"', '"lighting"') + "when = 'voltage_v * current_a > 0.5 * power_w'"

    assert faults_of(text) == []


def test_scales_of_units_are_reckoned_with() -> None:
    """1 A at 230 V against 230 W is a ratio of one, not of a thousandth."""
    text = HEAD.replace('"water"', '"lighting"') + (
        "when = 'voltage_v * current_a / power_w > 0.99 and voltage_v * current_a / power_w < 1.01'"
    )
    row = Row(1, "a", MONDAY_US, {"voltage_v": 230.0, "current_a": 1.0, "power_w": 230.0})

    assert len(hear(Engine(read_rules(text, "r")), Family.LIGHTING, [row]).findings) == 1


def test_schedules_are_in_the_citys_time() -> None:
    """A span of the day may reach over midnight; a Monday is a Monday in the city."""
    text = HEAD + """when = 'between("22:00", "06:00") and on("mon")'"""
    rows = [Row(n, "a", MONDAY_US + n * HOUR_US, {"volume_m3": 1.0}) for n in range(48)]
    findings = hear(Engine(read_rules(text, "r")), Family.WATER, rows).findings
    raised = [(row["raised_at"] - MONDAY_US) // HOUR_US for row in findings if row["state"] == "raised"]
    cleared = [(row["cleared_at"] - MONDAY_US) // HOUR_US for row in findings if row["state"] == "cleared"]

    assert (raised, cleared) == ([0, 22], [6, 24])


def test_attributes_come_from_the_registry() -> None:
    """A threshold may be the meter's own; a device without one decides nothing."""
    fleet = Columns(("a", "b"), {"q3_m3_per_h": [2.5, np.nan]}, {})
    text = HEAD + """when = 'flow_m3_per_h > 0.2 * attribute("q3_m3_per_h")'"""
    rows = [Row(n, device, MONDAY_US, {"flow_m3_per_h": 0.6}) for n, device in enumerate("ab")]

    assert [
        row["device"] for row in hear(Engine(read_rules(text, "r")), Family.WATER, rows, fleet).findings
    ] == ["a"]


def test_a_finding_shows_what_decided() -> None:
    """The evidence holds the columns of the rule and its windows."""
    text = HEAD + """when = 'max(flow_m3_per_h, "1h") > 1'"""
    rows = [Row(n, "a", MONDAY_US + n * HOUR_US // 4, {"flow_m3_per_h": 2.0 - n / 4}) for n in range(6)]
    [found] = hear(Engine(read_rules(text, "r")), Family.WATER, rows).findings[:1]

    assert found["evidence"] == '{"flow_m3_per_h": 1.0, "max_flow_m3_per_h_1h": 1.75}'
