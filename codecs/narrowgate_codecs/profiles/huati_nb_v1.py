"""Huati NB lamp controller on Huawei OceanConnect.

Source: yhmaoc/StreetLight-plugin (HuatiReport, HuatiConstant, HuatiControl, HuatiMachineToCloud). Big-endian:

    up    AA 72 T M LL LL  ..  CS     T 00 report, 01 response; M more to come; L bytes behind L
    report    01 01F3, then registers of two bytes: power of lamp A [0.1 W] @9, voltage [0.1 V] @11,
              current [0.01 A] @13, power factor [0.01] @15; energy u32 [0.1 kWh] @39; signal @65
    response  R ..                    R 01 done, else failed
    down  AA 72 02 00 II II LL LL  ..  CS     I message id; otherwise as up
    set_dimming  05 0259 03, then lamps A B C: {03 level [%]} or {02 00} for off
    ack   AA AA 03 E M                E error, M more
    CS = inverted sum of everything between LL LL and CS

* The frame has neither clock nor counter nor identity: reception dates it, the transport says who it is.
* The signal's unit is documented nowhere: it is said as a value, not carried as rsrp_dbm or rssi_dbm.
* A measured register of nothing but FF measured nothing: it is null, the others of its report stay. No power
  factor is above 1: a report that states one is refused, for nobody can tell what else of it holds.
* A response names no command: the one that is on its way is meant.
* Only lamp A is documented in the report; the other registers are kept as they are.
"""

from narrowgate_codecs.elements import Check, Code, Const, Hex, Int, Mark, Named, Rest
from narrowgate_codecs.layout import Array, Body, Case, Sized, Switch
from narrowgate_codecs.orders import Answer, Arg, Item, Number, Order
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.words import Family

_CHECK = Check("sum8_inverted", since="command")

_UNMEASURED = (0xFFFF,)

_REPORT = (
    Int("power_w", 2, per=10, limits=(0.0, 6553.4), null=_UNMEASURED),
    Int("voltage_v", 2, per=10, limits=(0.0, 6553.4), null=_UNMEASURED),
    Int("current_a", 2, per=100, limits=(0.0, 655.34), null=_UNMEASURED),
    Int("power_factor", 2, per=100, limits=(0.0, 1.0), null=_UNMEASURED),
    Hex("registers_17", 22, default="00" * 22),
    Int("energy_kwh", 4, per=10, limits=(0.0, 429496729.4), null=(0xFFFFFFFF,)),
    Hex("registers_43", 22, default="00" * 22),
    Int("signal", 2, default=0),
    Hex("registers_67", 4, default="00" * 4),
)

_REPORT_BODY = (
    Code("command", 1),
    Switch(
        "command",
        (
            Case(
                "report",
                (0x01,),
                (Code("register", 2, accepts=(0x01F3,), default=0x01F3), *_REPORT),
            ),
        ),
        default=Case("other_report", (), (Rest("data"),)),
    ),
)

_RESPONSE_BODY = (
    Named("result", 1, ((1, "done"), (0, "failed")), otherwise="failed"),
    Rest("data"),
)

_UP = (
    Const(b"\xaa\x72"),
    Code("type", 1, accepts=(0x00, 0x01)),
    Int("more", 1, default=0),
    Sized(
        2,
        (
            Mark("command"),
            Body(
                1,
                (
                    Switch(
                        "type",
                        (
                            Case("reports", (0x00,), _REPORT_BODY),
                            Case("response", (0x01,), _RESPONSE_BODY),
                        ),
                    ),
                ),
            ),
            _CHECK,
        ),
    ),
)

_DIMMING = (
    Const(b"\x02\x59\x03"),
    Array(
        "lamps",
        3,
        (Named("action", 1, ((3, "dim"), (2, "off"))), Int("level_pct", 1, limits=(0, 100), default=0)),
    ),
)

_COMMAND = (
    Const(b"\x02\x00"),
    Int("mid", 2, default=0),
    Sized(
        2,
        (
            Mark("command"),
            Body(
                1,
                (
                    Code("command", 1),
                    Switch(
                        "command",
                        (Case("set_dimming", (0x05,), _DIMMING),),
                        default=Case("other_command", (), (Rest("data"),)),
                    ),
                ),
            ),
            _CHECK,
        ),
    ),
)

_ACK = (Const(b"\x03"), Int("error", 1, default=0), Int("more", 1, default=0))

_DOWN = (
    Code("head", 2),
    Switch("head", (Case("command", (0xAA72,), _COMMAND), Case("ack", (0xAAAA,), _ACK))),
)

_ANSWER = Answer("response", "result", ("done",))

PROFILE = Profile(
    name="huati_nb_v1",
    family=Family.LIGHTING,
    device="Huati NB-IoT lamp controller",
    source="yhmaoc/StreetLight-plugin (Huawei OceanConnect codec plug-in)",
    up=_UP,
    down=_DOWN,
    readings=(
        Reading(
            "report",
            carries=(
                Carry("power_w"),
                Carry("voltage_v"),
                Carry("current_a"),
                Carry("power_factor"),
                Carry("energy_kwh"),
            ),
        ),
    ),
    orders=(
        Order(
            CommandKind.LAMP_LEVEL,
            "set_dimming",
            (("mid", Number(1 << 16)), ("lamps", (Item((("action", "off"),)),) * 3)),
            only=(("level_pct", (0,)),),
            answer=_ANSWER,
        ),
        Order(
            CommandKind.LAMP_LEVEL,
            "set_dimming",
            (
                ("mid", Number(1 << 16)),
                ("lamps", (Item((("action", "dim"), ("level_pct", Arg("level_pct")))),) * 3),
            ),
            answer=_ANSWER,
        ),
    ),
)
