"""Pretend devices, their radio and their faults, seeded and true to their behaviour."""

from narrowgate_simulators.city import MORE_FAULTS, City
from narrowgate_simulators.drive import Progress, drive
from narrowgate_simulators.emission import Emission, Step
from narrowgate_simulators.faults import Fault, write_truth
from narrowgate_simulators.link import CoapLink, GatewaySilentError
from narrowgate_simulators.links import Link, open_link
from narrowgate_simulators.mqtt_link import GatewayRefusesError, MqttLink
from narrowgate_simulators.mqtt_listening import MqttListening
from narrowgate_simulators.pretend_fleet import PretendFleet
from narrowgate_simulators.radio import RADIOS, Radio, RadioFacts
from narrowgate_simulators.radio_levels import Coverage
from narrowgate_simulators.recorder import Recorder
from narrowgate_simulators.recording import FrameFile, read_recording, replay
from narrowgate_simulators.report import SentReport
from narrowgate_simulators.sleeper import Carried, Sleeper
from narrowgate_simulators.sleeping import Sleeping, SleepReport
from narrowgate_simulators.sleeping_fleet import SleepingFleet
from narrowgate_simulators.target import Target
from narrowgate_simulators.timing import Timing, Weather
from narrowgate_simulators.udp_link import UdpLink
from narrowgate_simulators.ways import Ways

__all__ = [
    "MORE_FAULTS",
    "RADIOS",
    "Carried",
    "City",
    "CoapLink",
    "Coverage",
    "Emission",
    "Fault",
    "FrameFile",
    "GatewayRefusesError",
    "GatewaySilentError",
    "Link",
    "MqttLink",
    "MqttListening",
    "PretendFleet",
    "Progress",
    "Radio",
    "RadioFacts",
    "Recorder",
    "SentReport",
    "SleepReport",
    "Sleeper",
    "Sleeping",
    "SleepingFleet",
    "Step",
    "Target",
    "Timing",
    "UdpLink",
    "Ways",
    "Weather",
    "drive",
    "open_link",
    "read_recording",
    "replay",
    "write_truth",
]
