"""How NAS's luminaire controllers are told commands: port 60 levels, port 50 settings, port 51 to restart.

Source: nasys/nas-codecs, src/ul20xx_decoder.js. They answer by repeating what they carried out.
"""

from narrowgate_codecs.orders import Answer, Arg, Count, Each, Has, Item, Order, Template
from narrowgate_schema.commands import DAYS, CommandKind

_ALL = Arg("series", words=(("", "all_devices"),))
_LEVEL = Arg("level_pct")
_SAYS: tuple[tuple[str, Template], ...] = (("address", _ALL), ("commanded_level_pct", _LEVEL))

LEVELS = (
    Order(
        CommandKind.LAMP_LEVEL,
        "dimming",
        (("levels", (Item(_SAYS),)),),
        only=(("for_min", (None,)),),
        answer=Answer("dimming"),
    ),
    Order(
        CommandKind.LAMP_LEVEL,
        "timed_dimming",
        (("levels", (Item((*_SAYS, ("for_min", Arg("for_min")))),)),),
        answer=Answer("timed_dimming"),
    ),
)
"""Of all firmwares."""

INTERVAL = Order(
    CommandKind.REPORT_INTERVAL,
    "status_interval_setting",
    (("status_interval_s", Arg("interval_s")),),
    answer=Answer("status_interval_setting"),
)

_PLACE: tuple[tuple[str, Template], ...] = (
    ("latitude_deg", Arg("latitude_deg")),
    ("longitude_deg", Arg("longitude_deg")),
)
_PROGRAMME: tuple[tuple[str, Template], ...] = (
    ("profile_id", Arg("number")),
    ("address", _ALL),
    *((f"on_{day}", Has("days", day)) for day in DAYS),
    ("steps", Each("steps", Item((("at_min", Arg("at_min")), ("level_pct", _LEVEL))))),
)


def _setting(kind: CommandKind, message: str, *says: tuple[str, Template]) -> Order:
    return Order(kind, message, says, answer=Answer(message))


CALENDAR_10 = (
    _setting(
        CommandKind.LAMP_CALENDAR,
        "calendar_setting",
        ("sunrise_offset_min", Arg("dawn_offset_min")),
        ("sunset_offset_min", Arg("dusk_offset_min")),
        *_PLACE,
    ),
    _setting(CommandKind.LAMP_PROGRAMME, "profile_setting", ("profile_version", 1), *_PROGRAMME),
)
"""Firmware 1.0 and before know offsets from the sun's times."""

_SUN = Item((("zenith_deg", Arg("zenith_deg")), ("level_pct", _LEVEL)))
CALENDAR_11 = (
    _setting(
        CommandKind.LAMP_CALENDAR,
        "calendar_setting",
        ("sunrise_count", Count("dawn")),
        ("sunset_count", Count("dusk")),
        ("prefers_meta_position", False),
        ("clamps_profiles", False),
        ("clamps_dig", False),
        ("ignores_gnss", False),
        *_PLACE,
        ("sunrise_steps", Each("dawn", _SUN)),
        ("sunset_steps", Each("dusk", _SUN)),
    ),
    _setting(CommandKind.LAMP_PROGRAMME, "profile_setting", ("step_count", Count("steps")), *_PROGRAMME),
)
"""Firmware 1.1 knows steps by the sun's angle."""

RESTART = Order(CommandKind.REBOOT, "update", (("update", "restart"),), answer=Answer("boot"))
