"""What readings mean: rule declarations and the vectorised engine that runs them.

Rule 1: no I/O, no clock, no loop over rows. State comes in as arrays and goes out as arrays.
"""

from narrowgate_rules.causes import GROUP_RULES, RELEASE, GroupRule, Shelf
from narrowgate_rules.columns import FleetColumns, Ticks
from narrowgate_rules.continuous_leak import CONTINUOUS_LEAK
from narrowgate_rules.declaration import Param, Rule, StateColumn, Tuned
from narrowgate_rules.engine import Engine, Judged
from narrowgate_rules.findings import Standing
from narrowgate_rules.inflow_high import INFLOW_HIGH
from narrowgate_rules.lamp_out import LAMP_OUT
from narrowgate_rules.night_flow import NIGHT_FLOW
from narrowgate_rules.overstay import OVERSTAY
from narrowgate_rules.packs import shipped_rules
from narrowgate_rules.silence import BAY_SILENT, LAMP_SILENT, METER_SILENT, SILENCE

RULES: tuple[Rule, ...] = (
    CONTINUOUS_LEAK,
    NIGHT_FLOW,
    INFLOW_HIGH,
    OVERSTAY,
    LAMP_OUT,
    *SILENCE,
    *shipped_rules(),
)
"""The rules that ship with the house."""

__all__ = [
    "BAY_SILENT",
    "CONTINUOUS_LEAK",
    "GROUP_RULES",
    "INFLOW_HIGH",
    "LAMP_OUT",
    "LAMP_SILENT",
    "METER_SILENT",
    "NIGHT_FLOW",
    "OVERSTAY",
    "RELEASE",
    "RULES",
    "SILENCE",
    "Engine",
    "FleetColumns",
    "GroupRule",
    "Judged",
    "Param",
    "Rule",
    "Shelf",
    "Standing",
    "StateColumn",
    "Ticks",
    "Tuned",
]
