"""Jooby, states and events: batteries, radio, events, and what answers say beside counters."""

from narrowgate_codecs.elements import Bits, Epoch, Hex, Int, Named, Part, Rest, Varint
from narrowgate_codecs.layout import Array, Case, Element, Records, Tail, When
from narrowgate_codecs.profile import Carry, Reading

YEAR_2000_S = 946_684_800
_UNKNOWN_MV, _UNKNOWN_MOHM, _UNKNOWN_CAPACITY = 4095, 65535, 255
_EVENTS = (
    (0x01, "magnet_on"),
    (0x02, "magnet_off"),
    (0x03, "activate"),
    (0x04, "deactivate"),
    (0x05, "battery_alarm"),
    (0x06, "can_off"),
    (0x07, "insert"),
    (0x08, "remove"),
    (0x09, "counter_over"),
    (0x0A, "set_time"),
    (0x0B, "activate_mtx"),
    (0x0C, "connect"),
    (0x0D, "disconnect"),
    (0x0E, "depass_done"),
    (0x0F, "optolow"),
    (0x10, "optoflash"),
    (0x11, "mtx"),
    (0x12, "join_accept"),
    (0x13, "water_event"),
    (0x14, "water_no_response"),
    (0x15, "optosensor_error"),
)
_TIMED = (1, 2, 3, 4, 6, 7, 8, 9, 0x0B, 0x0F, 0x10, 0x12, 0x13, 0x14, 0x15)
_KNOWN = (*_TIMED, 5, 0x0C, 0x0D, 0x0E)
_CHANNEL_TYPES = (
    (0, "idle"),
    (1, "pulse_sensor"),
    (2, "power_channel"),
    (3, "binary_sensor"),
    (4, "temperature_sensor"),
    (5, "binary_sensor_configurable"),
    (6, "temperature_sensor_tmp75"),
)
_CAPACITIES = tuple(count / 2.54 for count in range(_UNKNOWN_CAPACITY))
_MILLIVOLTS = tuple(count / 1000 for count in range(_UNKNOWN_MV))


def time_2000(name: str) -> Epoch:
    """Give an instant in seconds since the year 2000; one before 2001 was never set."""
    return Epoch(name, 4, 2001, epoch_s=YEAR_2000_S)


def battery(low: str, high: str) -> Bits:
    """Give two voltages of 12 bits, 4095 mV: unknown."""
    return Bits(
        f"{low}_bits", 3, (Part(low, 12, 12, numbers=_MILLIVOLTS), Part(high, 0, 12, numbers=_MILLIVOLTS))
    )


RESISTANCE = Int("resistance_mohm", 2, null=(_UNKNOWN_MOHM,))
_STATUS: tuple[Element, ...] = (
    Int("software_type", 1),
    Int("software_version", 1),
    Int("hardware_type", 1),
    Int("hardware_version", 1),
    battery("battery_v", "loaded_battery_v"),
    RESISTANCE,
    Int("temperature_c", 1, signed=True),
    Bits(
        "capacity",
        1,
        (Part("battery_pct", 0, 8, numbers=tuple(count / 2.54 for count in range(_UNKNOWN_CAPACITY))),),
    ),
    Int("last_event", 1),
    Tail((Int("downlink_quality", 1),)),
)


def _new_event(water: tuple[Element, ...]) -> tuple[Element, ...]:
    return (
        Named("event", 1, _EVENTS, otherwise="other"),
        Int("sequence_number", 1),
        When("event", _TIMED, (time_2000("event_at"),)),
        When("event", (5,), (Int("battery_v", 2, per=1000),)),
        When("event", (0x0B,), (Hex("device_id", 8),)),
        When("event", (0x0C, 0x0D), (Int("channel", 1, plus=1), Varint("channel_pulses"))),
        When(
            "event",
            (0x0E,),
            (
                Int("duration_s", 4),
                Int("depassivation", 1),
                battery("idle_battery_v", "loaded_battery_v"),
                RESISTANCE,
            ),
        ),
        When("event", (0x13,), water),
        When("event", _KNOWN, (Rest("event_data"),), other=True),
    )


_CHANNEL = Int("channel", 1, plus=1)
_STATUSES = Records(
    "channels",
    1,
    (
        *(Case(name, (code,), (_CHANNEL,)) for code, name in _CHANNEL_TYPES[:3]),
        *(
            Case(name, (code,), (_CHANNEL, Named("state", 1, ((0, False),), otherwise=True)))
            for code, name in (_CHANNEL_TYPES[3], _CHANNEL_TYPES[5])
        ),
        *(
            Case(
                name,
                (code,),
                (
                    _CHANNEL,
                    Int("channel_temperature_c", 1, signed=True),
                    time_2000("measured_at"),
                ),
            )
            for code, name in (_CHANNEL_TYPES[4], _CHANNEL_TYPES[6])
        ),
    ),
)


def states(last_event: tuple[Element, ...], water: tuple[Element, ...]) -> tuple[Case, ...]:
    """Give the commands that say no counters.

    Args:
        last_event: what the state of this kind of module is, behind the number of its last event.
        water: what an event of a water meter says behind its instant.
    """
    return (
        Case("set_time", (0x02,), (Int("done", 1),)),
        Case("correct_time", (0x0C,), (Int("done", 1),)),
        Case("time", (0x09,), (Int("sequence_number", 1), time_2000("device_time"))),
        Case(
            "archive_events",
            (0x0B,),
            (
                Array(
                    "events",
                    None,
                    (
                        time_2000("archived_at"),
                        Named("archived_event", 1, _EVENTS, otherwise="other"),
                        Int("archived_number", 1),
                    ),
                ),
            ),
        ),
        Case("status", (0x14,), _STATUS),
        Case("new_event", (0x15,), _new_event(water)),
        Case("last_event", (0x60,), (Int("sequence_number", 1), *last_event)),
        Case("soft_restart", (0x19,), ()),
        Case("data_segment", (0x1E,), (Int("segment_sequence", 1), Hex("segment_flags", 1), Rest("segment"))),
        Case(
            "lmic_info",
            (0x1F02,),
            (Bits("capabilities", 1, (Part("multicast", 0), Part("fragmented", 1))), Int("lmic_version", 1)),
        ),
        Case(
            "battery_status",
            (0x1F05,),
            (
                Int("battery_v", 2, per=1000, null=(_UNKNOWN_MV,)),
                Int("loaded_battery_v", 2, per=1000, null=(_UNKNOWN_MV,)),
                RESISTANCE,
                Int("temperature_c", 1, signed=True),
                Int("capacity_pct", 1, null=(_UNKNOWN_CAPACITY,)),
                Named("overconsumed", 1, ((0, False),), otherwise=True),
                Int("overconsumptions", 2),
            ),
        ),
        Case("depassivate_battery", (0x1F06,), (Rest("result"),)),
        Case("write_image", (0x1F2A,), (Rest("result"),)),
        Case("verify_image", (0x1F2B,), (Rest("result"),)),
        Case("update_run", (0x1F2C,), (Rest("result"),)),
        Case("channels_status", (0x1F32,), (_STATUSES,)),
        Case(
            "channels_types",
            (0x1F33,),
            (Array("types", None, (Named("type", 1, _CHANNEL_TYPES, otherwise="other"),)),),
        ),
        Case(
            "signal_quality",
            (0x1F34,),
            (
                Int("rssi_dbm", 1, signed=True),
                Int("rsrp_dbm", 1, signed=True),
                Int("rsrq_db", 1, signed=True),
                Int("sinr_db", 1, signed=True),
                Int("tx_power_dbm", 1, signed=True),
                Int("ecl", 1),
            ),
        ),
    )


STATE = Reading(
    "commands",
    (
        Carry("pulses", "current_pulses"),
        Carry("battery_v"),
        Carry("battery_pct"),
        Carry("battery_pct", "capacity_pct"),
        Carry("temperature_c"),
        Carry("rssi_dbm"),
        Carry("rsrp_dbm"),
        Carry("sinr_db"),
        Carry("ecl"),
        Carry("battery_low"),
        Carry("tamper"),
        Carry("tamper", "magnet"),
    ),
    records="commands",
)
"""What a module says of itself, at one instant with all else that its message says."""
