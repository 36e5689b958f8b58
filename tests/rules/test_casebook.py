"""Readable cases: how they are written, run, and refused."""

import pytest

from narrowgate_rules import RULES
from narrowgate_rules.casebook import Case, Episode, Verdict, read_cases, tried
from narrowgate_rules.written import RuleFaults

BY_NAME = {rule.name: rule for rule in RULES}
MINUTE_US = 60_000_000
EMPTY = '[[case]]\nrule = "leakage"\nexpect = []\n'


def cases(text: str) -> tuple[Case, ...]:
    """Read cases of the rules that ship."""
    return read_cases(text, "c.toml", BY_NAME)


def verdict(text: str) -> Verdict:
    """Run the only case of a file."""
    [case] = cases(f"[[case]]\n{text}")
    return tried(case, BY_NAME[case.rule], {})


def faults(text: str) -> list[str]:
    """Give all that is wrong with a file."""
    with pytest.raises(RuleFaults) as wrong:
        cases(text)
    return str(wrong.value).splitlines()


def test_a_case_that_holds() -> None:
    """What is found is what was expected."""
    assert verdict('rule = "leakage"\ngiven = [["00:05", {leakage = true}]]\nexpect = [["00:05"]]').holds


def test_a_case_that_fails_says_what_was_found() -> None:
    """The episodes that the engine found stand beside those expected."""
    failed = verdict('rule = "leakage"\ngiven = [["00:05", {leakage = true}]]\nexpect = []')

    assert (failed.holds, [str(each) for each in failed.found]) == (False, ["00:05"])


def test_no_readings_give_no_episode() -> None:
    """A case with nothing given runs."""
    assert verdict('rule = "leakage"\ngiven = []\nexpect = []').holds


def test_ticks_pass_between_readings() -> None:
    """A rule that time itself decides is decided by ticks, without a reading."""
    text = 'rule = "overstay"\nattributes = {stay_limit = "1h"}\nexpect = [["01:00"]]\n'
    text += 'given = [["00:00", {occupied = true}]]\n'

    assert not verdict(text).holds
    assert verdict(f'{text}ticks = "10min"\nuntil = "02:00"').holds


def test_several_devices_have_their_own_attributes() -> None:
    """A reading may name its device, and so does the episode."""
    found = verdict(
        'rule = "burst"\nattributes = {q3_m3_per_h = 2.5}\ndevices = {a = {}, b = {q3_m3_per_h = 100}}\n'
        'given = [["a", "00:00", {flow_m3_per_h = 1}], ["b", "00:00", {flow_m3_per_h = 1}],\n'
        ' ["a", "00:15", {flow_m3_per_h = 1}], ["b", "00:15", {flow_m3_per_h = 1}],\n'
        ' ["a", "00:30", {flow_m3_per_h = 1}], ["b", "00:30", {flow_m3_per_h = 1}]]\n'
        'expect = [["a", "00:30"]]'
    )

    assert found.found == found.case.expect == (Episode("a", 30 * MINUTE_US, None),)


def test_readings_arrive_in_the_order_in_which_they_stand() -> None:
    """One that stands behind a newer one came late, and does not count."""
    found = verdict(
        'rule = "leakage"\ngiven = [["00:10", {leakage = false}], ["00:05", {leakage = true}]]\nexpect = []'
    )

    assert found.holds


def test_a_schedule_is_the_cases_own() -> None:
    """A limit by time of day is read by the case's beginning and time zone."""
    text = (
        'rule = "overstay"\nattributes = {stay_limit = "mon 08:00-10:00 1h"}\nticks = "10min"\n'
        'until = "03:00"\ngiven = [["00:00", {occupied = true}]]\nexpect = [["01:00"]]\n'
    )

    assert verdict(f'{text}timezone = "Asia/Shanghai"').holds
    assert not verdict(f'{text}timezone = "UTC"').holds
    assert verdict(f"{text}begin = 2026-01-05T08:00:00Z").holds


def test_all_faults_come_at_once() -> None:
    """Each with the number of its case and its key."""
    assert faults(
        'x = 1\n[[case]]\nrule = "nothing"\nexpect = []\ngiven = []\n'
        '[[case]]\nrule = "burst"\nexpect = [["late"]]\ngiven = [["00:00", {lux = 1}]]\n'
        "thresholds = {share_pct = 0}\nattributes = {colour = 1, q3_m3_per_h = true}\n[[case]]\nexpect = 1\n"
    ) == [
        "c.toml: x: is no key; known: attributes, case",
        f"c.toml: case 1.rule: 'nothing' is no rule; known: {', '.join(BY_NAME)}",
        "c.toml: case 2.given.lux: is no measure or flag of water",
        "c.toml: case 2.attributes.colour: is no column of the registry",
        "c.toml: case 2.attributes.q3_m3_per_h: True is of another kind than wanted",
        "c.toml: case 2.thresholds.share_pct: burst.share_pct = 0: wants 1 to 100 []",
        "c.toml: case 2.expect[0]: 'late' is no time; write 00:35, 26:10:30 or 32d 00:00",
        "c.toml: case 3.expect: 1 is of another kind than wanted",
        "c.toml: case 3.rule: is missing",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "either `given`, or `every`"),
        ('every = "00:05"\ngiven = []', "either `given`, or `every`"),
        ('every = "00:00"\nsay = {leakage = [true]}', "wants a step"),
        ('every = "00:05"', "wants a step"),
        ('every = "00:05"\ncount = 100001\nsay = {leakage = [true]}', "at most 100000"),
        ('every = "00:05"\nsay = {leakage = []}', "its last value goes on"),
        ('every = "00:05"\nrises = {tilt_deg = {from = 1}}', "is written { from"),
        ('every = "00:05"\nrises = {tilt_deg = {from = 1, by = [1], times = 999999}}', "1 to 100000 steps"),
        ('every = "00:05"\nrises = {tilt_deg = {from = "x", by = [1]}}', "wants numbers"),
        ('given = [["00:05", {leakage = 1}]]', "another kind"),
        ('given = [["00:05"]]', "is written"),
        ('given = [[1, "00:05", {leakage = true}]]', "a device that is no text"),
        ('given = []\nticks = "5min"', "belong together"),
        ('given = []\nticks = "1s"\nuntil = "999d 00:00"', "more than 100000"),
        ('given = []\nticks = "0s"\nuntil = "01:00"', "no end"),
        ('given = []\nattributes = {stay_limit = "soon"}', "is no window like"),
        ("given = []\nattributes = {q3_m3_per_h = 0}", "from 0.001"),
        ("given = []\nbegin = 2026-01-05T00:00:00", "no time zone"),
        ('given = []\ntimezone = "Mars"', "no IANA time zone"),
    ],
)
def test_what_cannot_be_run_is_refused(line: str, said: str) -> None:
    """What is wrong with a case is told in one line."""
    [fault] = faults(f"{EMPTY}{line}")

    assert said in fault


@pytest.mark.parametrize("text", ["[", "case = 1", "case = [1]", "[case]"])
def test_what_is_no_file_of_cases_is_refused(text: str) -> None:
    """No TOML, or no list of tables: one line."""
    assert len(faults(text)) == 1


def test_an_empty_file_has_no_cases() -> None:
    """Nothing is no fault."""
    assert cases("") == ()
