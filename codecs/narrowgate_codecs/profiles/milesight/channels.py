"""Milesight's frames: a channel, a type and a value, repeated; low byte first.

Source: Milesight-IoT/SensorDecoders. What all sensors say, what they can be told, and what they answer to it:

    FF 01 protocol   FF 09 hardware   FF 0A firmware   FF FF description   FF 16 serial   FF 0F class
    FF 0B started    FF FE reset      01 75 battery [%]
    FF .. down, FE .. or FF .. back up: 02 03 intervals, 10 restart, 11 clock, 17 zone [h/10], 27 28 68 69 6A
    stored data, 4A clock asked for
"""

from narrowgate_codecs.elements import Epoch, Float, Hex, Int
from narrowgate_codecs.layout import Case, Element, Records
from narrowgate_codecs.orders import Answer, Arg, Item, Order, Template
from narrowgate_schema.commands import CommandKind


def setting(name: str, code: int, *fields: Element) -> Case:
    """Give something that a sensor can be told, and its echo."""
    return Case(name, (0xFF00 | code, 0xFE00 | code), fields)


def number(name: str, width: int = 2) -> Int:
    """Give a whole number."""
    return Int(name, width, "little")


def celsius(name: str) -> Int:
    """Give a temperature [Cel]."""
    return Int(name, 2, "little", signed=True, per=10, limits=(-60.0, 125.0))


def floating(name: str, width: int = 4) -> Float:
    """Give a floating-point number."""
    return Float(name, width, "little")


ABOUT: tuple[Case, ...] = (
    Case("protocol", (0xFF01,), (Hex("protocol_version", 1),)),
    Case("hardware", (0xFF09,), (Hex("hardware_version", 2),)),
    Case("firmware", (0xFF0A,), (Hex("firmware_version", 2),)),
    Case("description", (0xFFFF,), (Hex("description_version", 2),)),
    Case("serial", (0xFF16,), (Hex("serial", 8),)),
    Case("lorawan_class", (0xFF0F,), (number("lorawan_class", 1),)),
    Case("started", (0xFF0B,), (Hex("started", 1),)),
    Case("reset", (0xFFFE,), (Hex("reset", 1),)),
    Case("battery", (0x0175,), (Int("battery_pct", 1, limits=(0, 100)),)),
)

SETTINGS: tuple[Case, ...] = (
    setting("collection_interval", 0x02, number("collection_interval_s")),
    setting("report_interval", 0x03, number("report_interval_s")),
    setting("restart", 0x10, Hex("restart", 1, default="ff")),
    setting("clock", 0x11, Epoch("set_clock", 4, 2015, "little")),
    setting("zone", 0x17, Int("zone_tenths_h", 2, "little", signed=True)),
    setting("clear_history", 0x27, Hex("clear_history", 1, default="01")),
    setting("report_now", 0x28, Hex("report_now", 1, default="ff")),
    setting("ask_for_clock", 0x4A, Hex("ask_for_clock", 1, default="00")),
    setting("history", 0x68, number("history_enabled", 1)),
    setting("retransmission", 0x69, number("retransmission_enabled", 1)),
    setting("retransmission_interval", 0x6A, number("interval_kind", 1), number("retransmission_interval_s")),
)


def _told(kind: CommandKind, record: str, *says: tuple[str, Template]) -> Order:
    return Order(
        kind,
        "records",
        (("records", (Item((("record", record), *says)),)),),
        answer=Answer("records", item=("records", record)),
    )


ORDERS = (
    _told(CommandKind.REPORT_INTERVAL, "report_interval", ("report_interval_s", Arg("interval_s"))),
    _told(CommandKind.REBOOT, "restart"),
)
"""Of every sensor; they answer by repeating it."""
RECALIBRATE = _told(CommandKind.RECALIBRATE, "calibrate")


def channels(*cases: Case) -> Records:
    """Give a list of channels."""
    return Records("records", 2, cases)
