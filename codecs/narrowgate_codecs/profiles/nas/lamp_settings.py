"""Settings of NAS's luminaire controllers, port 50: sent down, and sent back up once they hold.

Source: nasys/nas-codecs, src/ul20xx_decoder.js. FF (FFFF) switches an input, a level or a limit off.
Addresses, days, levels and times: profiles/nas/lamps.py.
"""

from narrowgate_codecs.elements import Bits, Code, Epoch, Float, Hex, Int, Left, Named, Part, Rest, Word
from narrowgate_codecs.layout import Array, Case, Element, Records, Sized, Switch, Tail, When
from narrowgate_codecs.profiles.nas.lamps import AT, DAYS, address, level, when

_ALL = "all_devices"
_STEPS = (AT, level())
_FADES = [
    "0.5",
    "0.71",
    "1.0",
    "1.41",
    "2.0",
    "2.83",
    "4.0",
    "5.66",
    "8.0",
    "11.31",
    "16.0",
    "22.63",
    "32.0",
    "45.25",
    "64.0",
    "90.51",
]
_FADE_WORDS: tuple[tuple[int, Word], ...] = (*enumerate(_FADES), (0xFF, "ignore"))
_FADE = Named("fade_s", 1, _FADE_WORDS)
_POSITION = (
    Int("latitude_deg", 4, "little", signed=True, per=10_000_000),
    Int("longitude_deg", 4, "little", signed=True, per=10_000_000),
)
_ROUGH_POSITION = (
    Int("latitude_deg", 2, "little", signed=True, per=100),
    Int("longitude_deg", 2, "little", signed=True, per=100),
)
_HOLIDAYS = (Int("month", 1), Int("day", 1))


def _off(name: str, width: int, per: int = 1) -> Int:
    """Give a number that nothing but ones switches off."""
    return Int(name, width, "little", per=per, null=((1 << 8 * width) - 1,))


_SHARED = (
    Case(
        "ldr_input",
        (0x01,),
        (_off("ldr_off_above", 1), _off("ldr_on_below", 1), Bits("ldr_bits", 1, (Part("alert_enabled", 2),))),
    ),
    Case(
        "old_dig_input",
        (0x03,),
        (
            _off("light_on_s", 2),
            Bits("dig_bits", 1, (Part("on_rising_edge", 1), Part("alert_enabled", 2))),
            address(_ALL),
            level(),
        ),
    ),
    Case("open_drain_output", (0x05,), (Array("steps", None, (AT, Int("open_drain_on", 1))),)),
    Case("status_interval", (0x07,), (Int("status_interval_s", 4, "little"),)),
    Case("time", (0x09,), (Epoch("set_clock", 4, 2015, "little"),)),
    Case("usage_interval", (0x0B,), (Int("usage_interval_s", 4, "little"), _off("mains_v", 1))),
    Case(
        "boot_delay",
        (0x0D,),
        (
            Left("delay_left"),
            When("delay_left", (1,), (Int("boot_delay_s", 1),)),
            When("delay_left", (1,), (Int("long_boot_delay_s", 2, "little"),), other=True),
        ),
    ),
    Case("onboard_led", (0x15,), (Bits("led_bits", 1, (Part("led_enabled", 0),)),)),
    Case(
        "metering_alert",
        (0x16,),
        (
            Code("metering_alert_version", 1, accepts=(0x01,), default=0x01),
            _off("min_power_w", 2),
            _off("max_power_w", 2),
            _off("min_voltage_v", 2),
            _off("max_voltage_v", 2),
            _off("min_power_factor", 1, per=100),
        ),
    ),
)


def _multicast(first: int, last: int) -> Case:
    return Case(
        "multicast",
        (0x52,),
        (
            Int("multicast_device", 1, limits=(first, last)),
            Hex("multicast_address", 4, "little"),
            Hex("network_key", 16, is_secret=True),
            Hex("application_key", 16, is_secret=True),
        ),
    )


def _clear(*targets: tuple[int, str, tuple[Element, ...]]) -> Case:
    every: tuple[tuple[int, str, tuple[Element, ...]], ...] = (
        *targets,
        (0x52, "multicast", (Int("multicast_device", 1),)),
        (0xFF, "factory", (Hex("serial", 4, "little"),)),
    )
    return Case(
        "clear",
        (0xFF,),
        (
            Named("clear_target", 1, tuple((code, name) for code, name, _ in every)),
            *(When("clear_target", (code,), fields) for code, _, fields in every if fields),
        ),
    )


_PROFILE_TO_CLEAR = (address("all_profiles"),)
_DEFAULTS = ("default_level", "max_level", "fade", "sunset", "legacy_mode")

SETTINGS_10: tuple[Case, ...] = (
    *_SHARED,
    _multicast(1, 4),
    _clear(
        (0x01, "ldr_input", ()),
        (0x03, "dig_input", ()),
        (0x04, "profile", (*_PROFILE_TO_CLEAR, Tail((Int("profile_id", 1),)))),
        (0x06, "holiday", ()),
    ),
    Case(
        "calendar",
        (0x06,),
        (
            Int("sunrise_offset_min", 1, signed=True),
            Int("sunset_offset_min", 1, signed=True),
            *_ROUGH_POSITION,
        ),
    ),
    Case(
        "profile",
        (0x08,),
        (
            Int("profile_id", 1),
            Int("profile_version", 1),
            address(_ALL),
            DAYS,
            Array("steps", None, _STEPS),
        ),
    ),
    Case(
        "legacy_defaults",
        (0x0A,),
        (
            level("default_level_pct"),
            Bits(
                "alert_bits",
                1,
                (Part("ldr_alert_enabled", 0), Part("dig_alert_enabled", 2), Part("dali_alert_enabled", 3)),
            ),
        ),
    ),
    Case("holiday", (0x0C,), (Array("holidays", None, _HOLIDAYS),)),
    Case(
        "defaults",
        (0x0E,),
        (
            Bits("mask", 1, tuple(Part(f"has_{name}", at) for at, name in enumerate(_DEFAULTS))),
            when("has_default_level", level("default_level_pct")),
            when("has_max_level", level("max_level_pct")),
            when("has_fade", _FADE),
            when("has_sunset", Bits("sunset_bits", 1, (Part("switches_at_sunset", 0),))),
            when("has_legacy_mode", Bits("legacy_bits", 1, (Part("legacy_mode_enabled", 0),))),
        ),
    ),
    Case(
        "location",
        (0x13,),
        (
            Bits("mask", 1, (Part("has_position", 0), Part("has_address", 1))),
            when("has_position", *_POSITION),
            when("has_address", Sized(1, (Rest("address_utf8"),))),
        ),
    ),
)

_ZENITH = (Int("zenith_deg", 1, signed=True, plus=540, per=6), level())
_NONE = 0xFF

_SINGLE_11: tuple[Case, ...] = (
    *_SHARED,
    _multicast(0, 3),
    _clear(
        (0x21, "profile", _PROFILE_TO_CLEAR),
        (0x23, "holiday", ()),
        (0x28, "dig_input", ()),
        (0x29, "light_sensor", ()),
    ),
    Case(
        "calendar",
        (0x20,),
        (
            Bits("counts", 1, (Part("sunrise_count", 0, 4), Part("sunset_count", 4, 4))),
            Bits(
                "calendar_bits",
                1,
                (
                    Part("prefers_meta_position", 0),
                    Part("clamps_profiles", 1),
                    Part("clamps_dig", 2),
                    Part("ignores_gnss", 3),
                ),
            ),
            *_ROUGH_POSITION,
            Array("sunrise_steps", "sunrise_count", _ZENITH),
            Array("sunset_steps", "sunset_count", _ZENITH),
        ),
    ),
    Case(
        "profile",
        (0x21,),
        (
            Int("profile_id", 1),
            Int("step_count", 1),
            address(_ALL),
            DAYS,
            Hex("profile_spare", 1, default="00"),
            Array("steps", "step_count", _STEPS),
        ),
    ),
    Case("fade", (0x22,), (_FADE,)),
    Case("holiday", (0x23,), (Int("holiday_count", 1), Array("holidays", "holiday_count", _HOLIDAYS))),
    Case(
        "dali_monitor",
        (0x24,),
        (
            Bits(
                "monitor_bits",
                1,
                (Part("sends_dali_alert", 0), Part("corrects_dali_level", 1), Part("scans_bus", 2)),
            ),
            Int("monitoring_interval_s", 2, "little"),
        ),
    ),
    Case("fallback_level", (0x25,), (level("fallback_level_pct"),)),
    Case(
        "location",
        (0x26,),
        (
            Int("address_size", 1),
            *_POSITION,
            Array("address_utf8", "address_size", (Int("byte", 1),)),
        ),
    ),
    Case(
        "lumalink",
        (0x27,),
        (
            Named(
                "lumalink_mode", 1, ((0, "never"), (1, "first_commission"), (2, "every_boot"), (3, "always"))
            ),
        ),
    ),
    Case(
        "dig_input",
        (0x28,),
        (
            Int("dig_index", 1),
            When(
                "dig_index",
                (_NONE,),
                (
                    Bits(
                        "dig_bits",
                        1,
                        (
                            Part("is_button", 0),
                            Part("is_high_or_rising", 1),
                            Part("notifies_on", 2),
                            Part("notifies_off", 3),
                        ),
                    ),
                    address(_ALL),
                    level("active_level_pct"),
                    level("inactive_level_pct"),
                    Int("on_delay_s", 2, "little"),
                    Int("off_delay_s", 2, "little"),
                ),
                other=True,
            ),
        ),
    ),
    Case(
        "light_sensor",
        (0x29,),
        (
            Int("light_index", 1),
            When(
                "light_index",
                (_NONE,),
                (
                    Bits(
                        "light_bits",
                        1,
                        (
                            Part("notifies_steps", 0),
                            Part("clamps_profile", 1),
                            Part("clamps_dig", 2),
                            Part("interpolates", 3),
                        ),
                    ),
                    Int("measures_for_s", 1),
                    address(_ALL),
                    Array("light_steps", None, (Float("from_lux", 4, "little"), level())),
                ),
                other=True,
            ),
        ),
    ),
    Case(
        "dim_notification",
        (0x2A,),
        (
            Bits("delay_byte", 1, (Part("random_delay_s", 0, 8, numbers=tuple(range(0, 1275, 5))),)),
            Bits("limit_byte", 1, (Part("packet_limit_s", 0, 8, numbers=tuple(range(0, 15360, 60))),)),
        ),
    ),
    Case(
        "interface_type",
        (0x2B,),
        (Named("interface_type", 1, ((0, "dali"), (1, "analog_0_10v"), (0xFF, "factory_default"))),),
    ),
    Case("multicast_count", (0x53,), (Int("multicast_device", 1), Int("multicast_count", 4, "little"))),
)

SETTINGS_11: tuple[Case, ...] = (
    *_SINGLE_11,
    Case("chain", (0xFE,), (Records("settings", 1, _SINGLE_11),)),
)


def settings(cases: tuple[Case, ...]) -> tuple[Element, ...]:
    """Give the settings of a firmware."""
    named = tuple(Case(f"{case.name}_setting", case.when, case.fields) for case in cases)
    return (Code("setting", 1), Switch("setting", named))


def requests(cases: tuple[Case, ...], profile: int) -> tuple[Element, ...]:
    """Give the questions for settings, port 49; `profile` is the code of the profiles' one."""
    asked = (Tail((Int("profile_id", 1),)),)
    never = {0xFF, 0xFE, 0x52, 0x53, profile}
    return (
        Code("request", 1),
        Switch(
            "request",
            (
                *(Case(f"{case.name}_request", case.when, ()) for case in cases if case.when[0] not in never),
                Case("profile_request", (profile,), asked),
                Case("multicast_request", (0x52,), (Int("multicast_device", 1),)),
            ),
        ),
    )
