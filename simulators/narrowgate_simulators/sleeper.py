"""A pretend NB-IoT device that sleeps: what it is set to, what it reports, and what it has carried out."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from narrowgate_codecs import encode
from narrowgate_schema.commands import Command, LampLevel, Reboot, ReportInterval, Valve
from narrowgate_simulators.answering import Said, port_up
from narrowgate_simulators.span import SECOND_US

FULL_PCT = 100.0
_VOLTAGE_V = 230.0


class Carried(NamedTuple):
    """A command that a device carried out."""

    device: str
    at_us: int
    command: Command
    number: int | None
    """As the frame said it; None: the layout has none."""
    uplink_us: int
    """When the device meant the uplink after which it was told [us]."""


@dataclass(slots=True)
class Exchange:
    """An uplink that waits for its answer."""

    datagram: bytes
    token: bytes
    message_id: int
    meant_us: int
    tries: int = 0
    repeats: int = 0
    """Of the present message id."""


@dataclass(slots=True)
class Sleeper:
    """One device: what is set, what is under way, and what it did."""

    name: str
    profile: str
    path: str
    """Uri-Path of its uplinks; {port} stands where the message's port goes."""
    interval_s: int
    """T3412: it wakes to report this often [s]."""
    first_us: int
    """When it reports first [us]."""
    rated_w: float = 100.0
    identity: str = "00000000000000"
    """What its frames carry, where the layout says who sends [14 digits]."""
    fails: bool = False
    """Whether it cannot do what it is told, and says so if its layout has words for it."""
    is_mute: bool = False
    """Whether its answers never leave it, though it does what it is told."""
    level_pct: float = FULL_PCT
    is_open: bool = True
    volume_m3: float = 0.0
    count: int = 0
    """Uplinks meant."""
    boots: int = 0
    awake_from_us: int = 0
    """When it last had to do with the network [us]."""
    meant_us: int = 0
    outbox: deque[Said] = field(default_factory=deque)
    exchange: Exchange | None = None
    next_message_id: int = 1
    seen_ids: dict[int, int] = field(default_factory=dict)
    """Message ids of requests taken, and when [us]."""
    settings: dict[str, Command] = field(default_factory=dict)
    """Calendars and programmes, by kind and number."""

    def report(self) -> Said:
        """Give what the device reports now."""
        if self.profile not in _REPORTS:
            raise ValueError(f"profile {self.profile!r}: one of {', '.join(_REPORTS)} is simulated here")
        message, say = _REPORTS[self.profile]
        payload = encode(self.profile, message, say(self), direction="up")
        return Said(payload, port_up(self.profile, message))

    def carry_out(self, command: Command) -> None:
        """Do what a command says."""
        if isinstance(command, LampLevel):
            self.level_pct = FULL_PCT if command.level_pct is None else command.level_pct
        elif isinstance(command, Valve):
            self.is_open = command.is_open
        elif isinstance(command, ReportInterval):
            self.interval_s = command.interval_s
        elif isinstance(command, Reboot):
            self.boots += 1
        else:
            self.settings[f"{type(command).__name__} {getattr(command, 'number', '')}"] = command

    @property
    def interval_us(self) -> int:
        """Give how often it reports [us]."""
        return self.interval_s * SECOND_US


def _huati(lamp: Sleeper) -> dict[str, object]:
    power_w = round(lamp.rated_w * lamp.level_pct / FULL_PCT, 1)
    return {
        "power_w": power_w,
        "voltage_v": _VOLTAGE_V,
        "current_a": round(power_w / _VOLTAGE_V, 2),
        "power_factor": 0.95,
        "energy_kwh": round(0.1 * lamp.count, 1),
    }


def _nas(lamp: Sleeper) -> dict[str, object]:
    sources = [{"address": "dali_single_0", "reason": "manual_active", "level_pct": round(lamp.level_pct)}]
    air = {"rssi_dbm": -90, "sinr_db": 8, "temperature_c": 20}
    return {"relay_closed": True, "clock": None, "sources": sources, "sensors": [], **air}


def _relays(lamp: Sleeper) -> dict[str, object]:
    power_w = round(lamp.rated_w * lamp.level_pct / FULL_PCT)
    return {
        "records": [{"record": "voltage", "voltage_v": _VOLTAGE_V}, {"record": "power", "power_w": power_w}]
    }


def _meter(meter: Sleeper) -> dict[str, object]:
    return {
        "address": meter.identity,
        "volume_m3": round(meter.volume_m3 + 0.01 * meter.count, 2),
        "settlement_volume_m3": None,
        "clock": None,
        "valve": "open" if meter.is_open else "closed",
        "battery_low": False,
    }


_REPORTS: dict[str, tuple[str, Callable[[Sleeper], dict[str, object]]]] = {
    "huati_nb_v1": ("report", _huati),
    "nas_ul20xx_v11": ("status", _nas),
    "milesight_ws558_v1": ("records", _relays),
    "cjt188_water_v2004": ("current_data", _meter),
}
"""The message that a profile's devices report with, and what it says."""
REPORTING = tuple(_REPORTS)
"""Profiles whose devices are simulated."""
