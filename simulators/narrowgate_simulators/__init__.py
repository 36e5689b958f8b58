"""Pretend devices and their faults, seeded and true to their behaviour."""

from narrowgate_simulators.city import City
from narrowgate_simulators.drive import Progress, drive
from narrowgate_simulators.emission import Emission, Step
from narrowgate_simulators.faults import Fault, write_truth
from narrowgate_simulators.link import CoapLink, GatewaySilentError
from narrowgate_simulators.report import SentReport
from narrowgate_simulators.target import Target
from narrowgate_simulators.timing import Timing, Weather

__all__ = [
    "City",
    "CoapLink",
    "Emission",
    "Fault",
    "GatewaySilentError",
    "Progress",
    "SentReport",
    "Step",
    "Target",
    "Timing",
    "Weather",
    "drive",
    "write_truth",
]
