"""Reads a file of cases: TOML, all faults at once, each with its place.

attributes = { q3_m3_per_h = 2.5 }

[[case]]
rule = "burst"
what = "half an hour over 20 % of Q3"
given = [["00:00", { flow_m3_per_h = 0.6 }], ["00:10", { flow_m3_per_h = 0.6 }]]
expect = []

[[case]]
rule = "stuck"
every = "24:00"
rises = { volume_m3 = { from = 10, by = [0.01, 0, 0], times = 10 } }
expect = []
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from narrowgate_fleet.cells import parse
from narrowgate_fleet.columns import COLUMNS, Column
from narrowgate_rules.casebook.case import ONE, Case, Episode, Value, time_us
from narrowgate_rules.casebook.course import CourseFault, course_of
from narrowgate_rules.declaration import Rule
from narrowgate_rules.written.durations import duration_us
from narrowgate_rules.written.rule_file import RuleFault, RuleFaults

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
"""What 00:00 is where a case does not say."""
MOST_TICKS = 100_000
_COURSE = {"given": list, "every": str, "count": int, "say": dict, "rises": dict}
_KEYS: dict[str, Any] = {
    "rule": str,
    "what": str,
    "begin": datetime,
    "timezone": str,
    **_COURSE,
    "ticks": str,
    "until": str,
    "attributes": dict,
    "devices": dict,
    "thresholds": dict,
    "expect": list,
}


def read_cases(text: str, file: str, rules: Mapping[str, Rule]) -> tuple[Case, ...]:
    """Give the cases of a file.

    Args:
        text: the file's content.
        file: its name, for faults.
        rules: those that a case may be about, by name.

    Raises:
        RuleFaults: all that is wrong.
    """
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RuleFaults([RuleFault(file, "", "", f"is no TOML: {error}")]) from None
    faults = [
        RuleFault(file, "", key, "is no key; known: attributes, case")
        for key in tables
        if key not in ("attributes", "case")
    ]
    shared, listed = tables.get("attributes", {}), tables.get("case", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise RuleFaults([*faults, RuleFault(file, "", "case", "is written [[case]]")])
    cases = []
    for number, table in enumerate(listed, 1):
        reader = _CaseReader(file, number, table, rules)
        if (case := reader.case(shared)) is not None:
            cases.append(case)
        faults += reader.faults
    if faults:
        raise RuleFaults(faults)
    return tuple(cases)


class _CaseReader:
    """One case; faults gather in `faults`."""

    def __init__(self, file: str, number: int, table: dict[str, Any], rules: Mapping[str, Rule]) -> None:
        self.faults: list[RuleFault] = []
        self._file, self._number, self._table, self._rules = file, number, table, rules

    def _fault(self, key: str, what: str) -> None:
        self.faults.append(RuleFault(self._file, f"case {self._number}", key, what))

    def case(self, shared: object) -> Case | None:
        """Give the case, or None with its faults told."""
        for key, value in self._table.items():
            if key not in _KEYS:
                self._fault(key, f"is no key of a case; known: {', '.join(_KEYS)}")
            elif not isinstance(value, _KEYS[key]) or isinstance(value, bool):
                self._fault(key, f"{value!r:.60} is of another kind than wanted")
        for key in ("rule", "expect"):
            if key not in self._table:
                self._fault(key, "is missing")
        if self.faults:
            return None
        return self._whole(shared)

    def _whole(self, shared: object) -> Case | None:
        table = self._table
        rule = self._rules.get(table["rule"])
        if rule is None:
            self._fault("rule", f"{table['rule']!r} is no rule; known: {', '.join(self._rules)}")
            return None
        begin = table.get("begin", MONDAY)
        if begin.tzinfo is None:
            self._fault("begin", "has no time zone; write 2026-01-05T00:00:00Z")
        if table.get("timezone", "UTC") not in available_timezones():
            self._fault("timezone", "is no IANA time zone such as Asia/Shanghai")
        try:
            given = course_of({key: table[key] for key in _COURSE if key in table}, rule.family)
        except CourseFault as fault:
            self._fault(fault.key, str(fault))
            given = ()
        devices = self._devices(shared)
        ticks_us, thresholds, expect = self._ticks(), self._thresholds(rule), self._expected()
        if self.faults:
            return None
        return Case(
            number=self._number,
            rule=rule.name,
            what=table.get("what", ""),
            begin_us=round(begin.timestamp()) * 1_000_000,
            timezone=table.get("timezone", "UTC"),
            given=given,
            ticks_us=ticks_us,
            devices={name: devices.get(name, {}) for name in {*devices, *(said.device for said in given)}},
            thresholds=thresholds,
            expect=expect,
        )

    def _ticks(self) -> tuple[int, ...]:
        if ("ticks" in self._table) != ("until" in self._table):
            self._fault("ticks", "and `until` belong together")
            return ()
        if "ticks" not in self._table:
            return ()
        try:
            step_us, until_us = duration_us(self._table["ticks"]), time_us(self._table["until"])
        except ValueError as error:
            self._fault("ticks", str(error))
            return ()
        if step_us == 0 or until_us // step_us > MOST_TICKS:
            self._fault("ticks", f"would be more than {MOST_TICKS}, or have no end")
            return ()
        return tuple(range(0, until_us + 1, step_us))

    def _thresholds(self, rule: Rule) -> dict[str, float]:
        known = {param.name: param for param in rule.params}
        given = self._table.get("thresholds", {})
        for name, value in given.items():
            if name not in known:
                self._fault(f"thresholds.{name}", f"is none of {', '.join(known)}")
                continue
            try:
                known[name].checked(rule.name, value)
            except ValueError as error:
                self._fault(f"thresholds.{name}", str(error))
        return dict(given)

    def _devices(self, shared: object) -> dict[str, dict[str, Value]]:
        own = self._table.get("attributes", {})
        every = {**self._attributes("attributes", shared), **self._attributes("attributes", own)}
        devices = self._table.get("devices", {ONE: {}})
        return {
            name: {**every, **self._attributes(f"devices.{name}", table)} for name, table in devices.items()
        }

    def _attributes(self, key: str, table: object) -> dict[str, Value]:
        known = {column.name: column for column in COLUMNS}
        if not isinstance(table, dict):
            self._fault(key, "is a table: { q3_m3_per_h = 2.5 }")
            return {}
        for name, value in table.items():
            if name not in known:
                self._fault(f"{key}.{name}", "is no column of the registry")
            elif not isinstance(value, _FORMS.get(known[name].form, str)) or isinstance(value, bool):
                self._fault(f"{key}.{name}", f"{value!r:.60} is of another kind than wanted")
            else:
                self._check_cell(f"{key}.{name}", known[name], str(value))
        return {name: value for name, value in table.items() if name in known}

    def _check_cell(self, key: str, column: Column, text: str) -> None:
        try:
            parse(column, text)
        except ValueError as error:
            self._fault(key, str(error))

    def _expected(self) -> tuple[Episode, ...]:
        episodes = []
        for place, entry in enumerate(self._table["expect"]):
            try:
                episodes.append(_episode(entry, self._table.get("devices", {})))
            except ValueError as error:
                self._fault(f"expect[{place}]", str(error))
        return tuple(sorted(episodes, key=str))


_FORMS: dict[str, Any] = {"number": (int, float)}


def _episode(entry: object, devices: Mapping[str, object]) -> Episode:
    parts = list(entry) if isinstance(entry, list) else []
    device = parts.pop(0) if parts and parts[0] in devices else ONE
    if len(parts) not in (1, 2) or not all(isinstance(part, str) for part in parts):
        raise ValueError('is written ["00:35", "00:45"], or ["00:35"] for one that stays open')
    raised_us, *cleared_us = map(time_us, parts)
    return Episode(device, raised_us, cleared_us[0] if cleared_us else None)
