"""Aquascope AQS: a valve and meter that guards a house's water.

Source: TheThingsNetwork/lorawan-devices, vendor/aquascope/aqs.js, both directions. Port 1; messages back to
back, high byte first:

    03 h CC CC     hardware and what it can do      0A FFFF   firmware
    04 p VV VV     setting p                        06 s VV VV   sensor s: 01 temperature 03 uptime 10
        pressure
                                                    11 consumption 13 battery
    07 e ..        00 valve closed, FF open, 0F flow began, 01 TT TT LL LL flow over: time and litres,
                   02 pipe checked, 03 DD DD EE EE alarm of the check, 04 05 06 07 check given up, 08 waiting
    0B s t VV VV   alarm
    down  01 01 restart 02 factory settings 03 check the pipe     06 s   04 p VV VV   14 p   03   1A   17
          07 FF open the valve, 07 00 close it      0B 00 clear the alarm

* Units of sensors are not published: they are said as they are sent. Litres of one flow are no register.
* A message of an unknown kind, or of the log (08), ends the frame; those before it stay.
"""

from narrowgate_codecs.elements import Bits, Code, Hex, Int, Named, Part, Word
from narrowgate_codecs.layout import Case, Element, Records, Switch, When
from narrowgate_codecs.orders import Arg, Order
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.words import Family

_SENSORS: tuple[tuple[int, Word], ...] = (
    (0x01, "temperature"),
    (0x03, "uptime"),
    (0x10, "pressure"),
    (0x11, "consumption"),
    (0x13, "battery"),
)
_SETTINGS: tuple[tuple[int, Word], ...] = (
    *enumerate(
        (
            *("system", "algorithm", "lora", "valve_action"),
            *("normal_pressure", "overpressure_limit", "underpressure_limit"),
        ),
        1,
    ),
    (0x09, "jamming"),
    (0x0A, "flow_limit"),
    (0x0B, "frost_limit"),
    (0x0D, "check_duration"),
    (0x0E, "check_abort_limit"),
    (0x0F, "check_alarm_limit"),
    (0x13, "alarm"),
    (0x1D, "report_interval"),
    (0x1E, "heartbeat_interval"),
)
_EVENTS: tuple[tuple[int, Word], ...] = (
    (0x00, "valve_closed"),
    (0x01, "flow_over"),
    (0x02, "pipe_checked"),
    (0x03, "pipe_alarm"),
    (0x04, "check_stopped_by_flow"),
    (0x05, "check_stopped_by_heat"),
    (0x06, "check_stopped_by_valve"),
    (0x07, "check_stopped_by_flow"),
    (0x08, "check_waits"),
    (0x0F, "flow_began"),
    (0xFF, "valve_open"),
)
_SETTING: tuple[Element, ...] = (Named("setting", 1, _SETTINGS), Int("setting_value", 2))
_EVENT: tuple[Element, ...] = (
    Bits(
        "event_byte",
        1,
        (
            Part("event", 0, 8, _EVENTS, otherwise="unknown"),
            Part("event_code", 0, 8),
            Part("valve", 0, 8, ((0x00, "closed"), (0xFF, "open"))),
            Part("leak", 0, 8, ((0x02, False), (0x03, True))),
        ),
    ),
    When("event_code", (0x01,), (Int("flow_time", 2), Int("flow_litres", 2))),
    When("event_code", (0x03,), (Int("check_difference", 2), Int("check_elevation", 2))),
)

PROFILE = Profile(
    name="aquascope_aqs_v1",
    family=Family.WATER,
    device="Aquascope AQS valve and meter",
    source="TheThingsNetwork/lorawan-devices, vendor/aquascope/aqs.js",
    up=(
        Records(
            "records",
            1,
            (
                Case("hardware", (0x03,), (Int("hardware_version", 1), Int("capabilities", 2))),
                Case("setting", (0x04,), _SETTING),
                Case("sensor", (0x06,), (Named("sensor", 1, _SENSORS), Int("sensor_value", 2))),
                Case("event", (0x07,), _EVENT),
                Case("firmware", (0x0A,), (Hex("firmware_version", 4),)),
                Case("alarm", (0x0B,), (Int("alarm_state", 1), Int("alarm_kind", 1), Int("alarm_value", 2))),
            ),
        ),
    ),
    down=(
        Code("command", 1),
        Switch(
            "command",
            (
                Case(
                    "control",
                    (0x01,),
                    (Named("control", 1, ((1, "restart"), (2, "factory_settings"), (3, "check_pipe"))),),
                ),
                Case("ask_hardware", (0x03,), ()),
                Case("set", (0x04,), _SETTING),
                Case("ask_sensor", (0x06,), (Named("sensor", 1, _SENSORS),)),
                Case("set_valve", (0x07,), (Named("valve", 1, ((0x00, "closed"), (0xFF, "open"))),)),
                Case("clear_alarm", (0x0B,), (Hex("clear", 1, default="00"),)),
                Case("ask_setting", (0x14,), (Named("setting", 1, _SETTINGS),)),
                Case("ask_valve", (0x17,), ()),
                Case("ask_firmware", (0x1A,), ()),
            ),
        ),
    ),
    single_message="messages",
    readings=(Reading("messages", (Carry("valve"), Carry("leak")), records="records"),),
    orders=(
        Order(
            CommandKind.VALVE,
            "set_valve",
            (("valve", Arg("is_open", words=((True, "open"), (False, "closed")))),),
        ),
        Order(CommandKind.REBOOT, "control", (("control", "restart"),)),
    ),
)
