"""The options of narrowgate.toml: each declared once, with type, default, unit in its name, and help."""

import ipaddress
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.archive_settings import Archive
from narrowgate_gateway.command_settings import Commands
from narrowgate_gateway.console_settings import Console
from narrowgate_gateway.desk_settings import Desk
from narrowgate_gateway.georeport_settings import GeoReport
from narrowgate_gateway.influx_settings import Influxdb
from narrowgate_gateway.mail_settings import Mail
from narrowgate_gateway.mqtt_settings import MqttBroker
from narrowgate_gateway.open311_settings import Open311
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_gateway.section import Networks, Port, Section
from narrowgate_gateway.telemetry_settings import TelemetryKept
from narrowgate_gateway.udp_settings import UdpListener
from narrowgate_gateway.webhook_settings import Webhook


class CoapListener(Section):
    """`[[coap]]`: a CoAP listener, any number of times."""

    name: str = Field(
        "coap", min_length=1, max_length=64, description="its name in the ledger and in metrics"
    )
    host: str = Field("127.0.0.1", description="address to bind; :: takes IPv4 too")
    port: Port = Field(5683, description="UDP port")
    path: str = Field("nb/{device}/up", description="path of an uplink; {device} and {port} are captured")
    allow: Networks = Field((), description="source networks that may send; none at all while this is empty")
    trusted: bool = Field(
        False,
        description="whether `allow` proves who a device is (a private APN): commands ride on its answers",
    )
    active_window_s: float = Field(
        0.0,
        ge=0,
        le=86_400,
        description="T3324: how long devices listen after an uplink; commands come as messages of their own "
        "meanwhile, never while this is 0",
    )
    edrx_cycle_s: float = Field(
        0.0, ge=0, le=10_486, description="eDRX: how often devices listen at all times; 0 is never"
    )
    tenant: str = Field("", description="tenant whose devices send here")
    max_payload_bytes: int = Field(1024, ge=1, le=65_507, description="longer payloads are answered 4.13")
    device_per_s: float = Field(
        20.0, ge=0, le=1e6, description="frames of one device beyond which it is told 4.29; 0 is no limit"
    )
    source_per_s: float = Field(
        0.0, ge=0, le=1e9, description="frames of one address beyond which it is told 4.29; 0 is no limit"
    )

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        ipaddress.ip_address(value)
        return value

    @field_validator("path")
    @classmethod
    def _template(cls, value: str) -> str:
        PathTemplate.parse(value)
        return value


class Journal(Section):
    """`[journal]`: what is acknowledged."""

    segment_bytes: int = Field(64 << 20, ge=1 << 16, le=1 << 30, description="size of a segment file")
    keep_bytes: int = Field(2 << 30, ge=0, description="read segments kept for replay, at most")
    min_free_bytes: int = Field(
        256 << 20, ge=0, description="free space below which devices are told to come again later"
    )
    pending_frames: int = Field(8192, ge=1, le=1 << 20, description="frames waiting for a sync, at most")


class DoorMemory(Section):
    """`[door]`: what is remembered of those that were answered."""

    exchanges: int = Field(
        1 << 20, ge=8, le=1 << 28, description="messages known when they come again, at most; a power of two"
    )

    strangers_bytes: int = Field(
        64 << 20,
        ge=0,
        description="payload bytes that quarantine may hold of each CoAP or UDP listener's unknown devices; "
        "beyond it they are told 4.29, or nothing",
    )

    @field_validator("exchanges")
    @classmethod
    def _power_of_two(cls, value: int) -> int:
        if value & (value - 1):
            raise ValueError("not a power of two such as 1048576")
        return value


class Core(Section):
    """`[core]`: decode, judge, store."""

    batch_rows: int = Field(
        32_768, ge=1, le=1 << 20, description="journal rows of one batch, at most; few while little comes"
    )
    snapshot_every_s: float = Field(5.0, gt=0, le=3600, description="how often rule state is kept")
    drain_s: float = Field(
        30.0, ge=0, le=3600, description="how long a stop may go on working off the journal"
    )


class Time(Section):
    """`[clock]`: what time it is."""

    tick_every_s: float = Field(5.0, gt=0, le=3600, description="how often the edge journals a tick")
    page: str = Field("", description="page of a simulated world's clock; the host's clock where empty")


class Settings(Section):
    """The whole file."""

    timezone: str = Field(
        "Asia/Shanghai", description="the city's, for clocks that have none and for schedules"
    )
    rule_files: tuple[str, ...] = Field(
        (), max_length=64, description="files of rules beside those that ship, relative to this file"
    )
    coap: tuple[CoapListener, ...] = Field((), description="CoAP listeners")
    mqtt: tuple[MqttBroker, ...] = Field((), description="MQTT brokers")
    udp: tuple[UdpListener, ...] = Field((), description="listeners for bare datagrams")
    journal: Journal = Journal()
    door: DoorMemory = DoorMemory()
    core: Core = Core()
    archive: Archive = Archive()
    telemetry: TelemetryKept = TelemetryKept()
    influxdb: Influxdb = Influxdb()
    desk: Desk = Desk()
    webhook: Webhook = Webhook()
    open311: tuple[Open311, ...] = Field((), description="GeoReport v2 servers")
    mail: tuple[Mail, ...] = Field((), description="people who are told by mail")
    commands: Commands = Commands()
    georeport: GeoReport = GeoReport()
    console: Console = Console()
    clock: Time = Time()
    rules: dict[str, dict[str, float]] = Field({}, description="parameters by rule name")

    @field_validator("rule_files", "coap", "mqtt", "udp", "open311", "mail", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("not an IANA time zone such as Asia/Shanghai")
        return value

    @model_validator(mode="after")
    def _distinct(self) -> "Settings":
        named = [each.name for each in self.coap] + [each.name for each in self.mqtt]
        named += [each.name for each in self.udp]
        bound = [f"{each.host} {each.port}" for each in self.coap]
        bound += [f"{each.host} {each.port}" for each in self.udp]
        sessions = [f"{each.client_id} at {each.address}" for each in self.mqtt]
        for what, values in (
            ("name", named),
            ("UDP host and port", bound),
            ("client_id at one broker", sessions),
            ("name of an endpoint", [each.name for each in self.open311] + [each.name for each in self.mail]),
        ):
            doubled = sorted(value for value, n in Counter(values).items() if n > 1)
            if doubled:
                raise ValueError(f"two have the same {what}: {', '.join(doubled)}")
        return self

    @model_validator(mode="after")
    def _kept_somewhere(self) -> "Settings":
        """What telemetry lets go of stands in the archive."""
        if any(self.telemetry.days().values()) and not self.archive.enabled:
            raise ValueError("telemetry.keep_days wants archive.enabled = true: readings go to the archive")
        return self

    @model_validator(mode="after")
    def _room(self) -> "Settings":
        """A batch that the journal never has room for would be offered for ever."""
        for broker in self.mqtt:
            if broker.max_in_flight > self.journal.pending_frames:
                raise ValueError(
                    f"[[mqtt]] {broker.name}: max_in_flight = {broker.max_in_flight} is more than "
                    f"journal.pending_frames = {self.journal.pending_frames}"
                )
        return self

    def beside(self, config: Path) -> "Settings":
        """Give the same with the paths of files counted from a configuration file's directory."""
        return self.model_copy(
            update={
                "rule_files": tuple(str(config.parent / name) for name in self.rule_files),
                "desk": self.desk.beside(config.parent),
                "commands": self.commands.beside(config.parent),
                "open311": tuple(each.beside(config.parent) for each in self.open311),
            }
        )

    @property
    def zone(self) -> ZoneInfo:
        """Give the city's time zone."""
        return ZoneInfo(self.timezone)


class Home:
    """The places below one home directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journal = root / "journal"
        self.registry = root / "registry"
        self.quarantine = root / "quarantine"
        self.archive = root / "archive"
        self.run = root / "run"
        self.state = root / "state.db"
        self.commands = root / "commands.db"
        self.telemetry = root / "telemetry.duckdb"
        self.door_counters = root / "door.counters"
