"""Parking sensors on China Telecom's CTWing AEP, thing model JS_1.0, binary.

Source: gdgly/stm32L151_nbiot_tmote_app_workspace, ctwingaepcodes.h and .c (firmware of the Movebroad VD33D
for AEP). Big-endian; L bytes behind L:

    02 SS SS LL LL ..          data          07 SS SS LL LL ..          event
    86 SS SS TT TT LL LL ..    response      06 SS SS TT TT LL LL ..    command (down)
    S service, T task
    data      1 data_report      bb*4 pp*4 tt*8 s e c mm*4, or s alone: the length tells which
              2 signal_report    rsrp sinr pci ecl cell, four bytes each, signed
              101 extra_report   as the long data_report, then x y z, two bytes each
              102 heartbeat      ICCID 20, heartbeat hh*4, protect hh*4, model 6, maker 18, IMSI 15, IMEI 15,
                                 five texts of LL LL bytes, rsrp to cell as above, bb*4 pp*4, signal power,
                                 SNR, transmit power (two bytes each), s e c mm*4 x y z
              3 early_heartbeat  as heartbeat without x y z
    event     1001 parking_change c   1002 error e   1003 low_voltage bb*4   1004 magnetic_disturbance mm*4
    response  9001 control_done o   9101 heartbeat_time_done hh*4   9102 protect_time_done hh*4
    command   8001 control o        8101 set_heartbeat_time hh*4    8102 set_protect_time hh*4
    b battery [V], p battery [%], t time of the event [ms since 1970 UTC], h [h], all b and h floats
    s state 0 free, 1 occupied     e error, 0 none    c state it changed to    m magnetic disturbance, a count

* A report is dated by its own time, the moment of the change; messages without one by reception.
* A sensor with an error that says free is not believed: the bay's state is null, and `sensor_fault` is true.
* One change of a bay is told by two to four of these messages. Most have no clock, so equal bytes can be two
  messages: reception tells them apart.
* A sensor that has not read its card sends zero bytes for what stands on it. A cell of -1 is none.
* Signal power, SNR and transmit power have no documented unit: said, not carried.
"""

from narrowgate_codecs.elements import Bits, Code, Epoch, Float, Implied, Int, Part, Text
from narrowgate_codecs.layout import Case, Element, Sized, Switch
from narrowgate_codecs.orders import Answer, Arg, Number, Order
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.words import Family

_STATES = ((0, False), (1, True))
_BATTERY = (
    Float("battery_v", 4),
    Int("battery_pct", 4, signed=True),
)
_STATE = Bits(
    "state_and_error",
    2,
    (
        Part("occupied", at=8, size=8, words=_STATES),
        Part("error_code", at=0, size=8),
        Part("sensor_fault", at=0, size=8, words=((0, False),), otherwise=True),
    ),
)
_STATE_ALONE = Bits("state", 1, (Part("occupied", at=0, size=8, words=_STATES),))
_CHANGE = Bits("change", 1, (Part("parking_change", at=0, size=8, words=_STATES),))
_FIELD = Int("magnetic_value", 4, signed=True)
_AXES = tuple(Int(f"magnetic_{axis}", 2, signed=True) for axis in "xyz")
_REPORT = (*_BATTERY, Epoch("ptime", 8, 2015, per_s=1000), _STATE, _CHANGE, _FIELD)
_CELL = (
    Int("rsrp_dbm", 4, signed=True),
    Int("sinr_db", 4, signed=True),
    Int("pci", 4, signed=True),
    Int("ecl", 4, signed=True),
    Int("cell_id", 4, signed=True, null=(-1,)),
)
_TEXTS = ("nb_firmware", "nb_module", "mcu_firmware", "terminal_type", "manufacturer_name")
_HEARTBEAT: tuple[Element, ...] = (
    Text("iccid", 20, is_padded=True),
    Float("heartbeat_time_h", 4),
    Float("protect_time_h", 4),
    Text("saas_version", 6, is_padded=True),
    Text("manufacturer_id", 18, is_padded=True),
    Text("imsi", 15, is_padded=True),
    Text("imei", 15, is_padded=True),
    *(Sized(2, (Text(name),)) for name in _TEXTS),
    *_CELL,
    *_BATTERY,
    Int("signal_power", 2, signed=True),
    Int("snr", 2, signed=True),
    Int("tx_power", 2, signed=True),
    _STATE,
    _CHANGE,
    _FIELD,
)
_SERVICE, _TASK = Code("service", 2), Int("task", 2, default=0)


def _case(name: str, service: int, *fields: Element) -> Case:
    return Case(name, (service,), (Sized(2, fields),))


_DATA = Switch(
    "service",
    (
        Case(
            "data_reports",
            (1,),
            (
                Code("length", 2),
                Switch(
                    "length",
                    (Case("data_report", (23,), _REPORT), Case("state_report", (1,), (_STATE_ALONE,))),
                ),
            ),
        ),
        _case("signal_report", 2, *_CELL),
        _case("extra_report", 101, *_REPORT, *_AXES),
        _case("heartbeat", 102, *_HEARTBEAT, *_AXES),
        _case("early_heartbeat", 3, *_HEARTBEAT),
    ),
)

_EVENT = Switch(
    "service",
    (
        _case("parking_change", 1001, _CHANGE),
        _case("error", 1002, Bits("error", 1, _STATE.parts[1:])),
        _case("low_voltage", 1003, Float("battery_v", 4), Implied("battery_low", True)),
        _case("magnetic_disturbance", 1004, _FIELD, Implied("magnetic_disturbance", True)),
    ),
)
_CONTROL, _HEARTBEAT_TIME, _PROTECT_TIME = (
    Int("command_type", 1, signed=True),
    Float("heartbeat_time_h", 4),
    Float("protect_time_h", 4),
)
_RESPONSE = Switch(
    "service",
    (
        _case("control_done", 9001, _CONTROL),
        _case("heartbeat_time_done", 9101, _HEARTBEAT_TIME),
        _case("protect_time_done", 9102, _PROTECT_TIME),
    ),
)
_COMMAND = Switch(
    "service",
    (
        _case("control", 8001, _CONTROL),
        _case("set_heartbeat_time", 8101, _HEARTBEAT_TIME),
        _case("set_protect_time", 8102, _PROTECT_TIME),
    ),
)

_SAID = (
    Carry("occupied", doubted_by="sensor_fault"),
    Carry("sensor_fault"),
    Carry("battery_v"),
    Carry("battery_pct"),
)
_SEEN = tuple(Carry(f"magnetic_{axis}") for axis in "xyz")
_HEARD = (Carry("rsrp_dbm"), Carry("sinr_db"), Carry("ecl"), Carry("cell_id"))

PROFILE = Profile(
    name="ctwing_parking_v1",
    family=Family.PARKING,
    device="Parking sensor on CTWing AEP, thing model JS_1.0",
    source="gdgly/stm32L151_nbiot_tmote_app_workspace, ctwingaepcodes.c (firmware of the VD33D)",
    up=(
        Code("command", 1),
        Switch(
            "command",
            (
                Case("data", (0x02,), (_SERVICE, _DATA)),
                Case("event", (0x07,), (_SERVICE, _EVENT)),
                Case("response", (0x86,), (_SERVICE, _TASK, _RESPONSE)),
            ),
        ),
    ),
    down=(
        Code("command", 1),
        Switch("command", (Case("order", (0x06,), (_SERVICE, _TASK, _COMMAND)),)),
    ),
    identity="imei",
    readings=(
        Reading("data_report", _SAID, clock="ptime"),
        Reading("state_report", (Carry("occupied"),)),
        Reading("signal_report", _HEARD),
        Reading("extra_report", (*_SAID, *_SEEN), clock="ptime"),
        Reading("heartbeat", (*_SAID, *_SEEN, *_HEARD)),
        Reading("early_heartbeat", (*_SAID, *_HEARD)),
        Reading("parking_change", (Carry("occupied", "parking_change"),)),
        Reading("error", (Carry("sensor_fault"),)),
        Reading("low_voltage", (Carry("battery_v"), Carry("battery_low"))),
        Reading("magnetic_disturbance", (Carry("magnetic_disturbance"),)),
    ),
    orders=(
        Order(
            CommandKind.REPORT_INTERVAL,
            "set_heartbeat_time",
            (("task", Number(1 << 16)), ("heartbeat_time_h", Arg("interval_s", per=3600))),
            answer=Answer("heartbeat_time_done", number="task"),
        ),
    ),
)
