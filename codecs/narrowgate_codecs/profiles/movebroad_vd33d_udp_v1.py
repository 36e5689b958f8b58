"""Movebroad VD33D parking sensor over plain UDP, the AutoCtrl dialect.

Source: gdgly/stm32L151_nbiot_tmote_app_workspace, udpprotocol.h and udpprotocol.c (firmware). High byte first
unless a field says otherwise:

    80 FF LL LL 00 00 | AA DDDD C K N .. c BB | s 81
    L  bytes from AA to BB     D  device code     C  command     K  FF     N  bytes of data
    c  sum from D on     s  sum from FF on
    data begins with NN*12 (serial number, last four bytes) RRRR (server) and ends with n (packet)
    C F1  connect      v*5 (version) IMEI*8 IMSI*10 bay*7 ..*8
      E7  status       s b bay*7 xxxx yyyy zzzz a h YY MM DD hh mm ss qqqq B ..*8
      0D  heartbeat    dd bay*7 xxxx yyyy zzzz a h s b e r n t ..*8
    s  state, as over CoAP (movebroad_vd33d_v1)     b  battery 0 sound, 1 low, 2 spent
    x y z  magnetic field, signed, low byte first     a  algorithm, h  heartbeat, B  batch
    YY ..  time of the event in packed decimal, UTC+8 wherever the sensor is     q  changes of the bay
    e  sleep time, r n  signal and SNR, t  temperature [Cel]
    down  the same frame, data NN*12 RRRR r 00*3 n: acknowledgement of the command C, r its result

* Signal and SNR have no documented unit: said, not carried. `q` counts changes, not frames.
* The sensor speaks a second dialect, AA to BB without the outer frame (SkyNet): its sums are not documented.
"""

from narrowgate_codecs.elements import Bits, Check, Clock, Code, Const, Hex, Int, Mark, Part
from narrowgate_codecs.layout import Body, Case, Element, Sized, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.movebroad_vd33d_v1 import STATUS
from narrowgate_schema.words import Family, Reason

_AROUND = 10
"""[byte] from AA to BB that are no data."""
_SENDER: tuple[Element, ...] = (
    Hex("serial_lead", 8, default="00" * 8),
    Hex("device_sn", 4),
    Hex("server", 4, default="88888888"),
)
_PACKET = Int("packet", 1, default=0)
_BATTERY = Bits("battery", 1, (Part("battery_low", at=0, size=8, words=((0, False), (1, True), (2, True))),))
_BAY = Hex("bay_id", 7, default="00" * 7)
_FIELD: tuple[Element, ...] = tuple(Int(f"magnetic_{axis}", 4, "little", signed=True) for axis in "xyz")
_ALGORITHM = (Int("algorithm", 1, default=0), Int("heartbeat", 1, default=0))
_RESERVE = Hex("reserve", 8, default="00" * 8)

_CONNECT: tuple[Element, ...] = (
    Hex("version", 5),
    Hex("imei_digits", 8),
    Hex("imsi_digits", 10),
    _BAY,
    _RESERVE,
)
_STATUS: tuple[Element, ...] = (
    STATUS,
    _BATTERY,
    _BAY,
    *_FIELD,
    *_ALGORITHM,
    Clock("event_at", ("Y M D h m s",), earliest_year=2015, zone="Asia/Shanghai"),
    Int("spot_count", 4),
    Int("batch", 1, default=0),
    _RESERVE,
)
_HEARTBEAT: tuple[Element, ...] = (
    Hex("debug", 2, default="0000"),
    _BAY,
    *_FIELD,
    *_ALGORITHM,
    STATUS,
    _BATTERY,
    Int("sleep_time", 1, default=0),
    Int("rssi", 1, signed=True),
    Int("snr", 1),
    Int("temperature_c", 1, signed=True),
    _RESERVE,
)
_ACKNOWLEDGED: tuple[Element, ...] = (Int("result", 1), Hex("reserve", 3, default="00" * 3))


def _case(name: str, command: Const | Code, size: int, data: tuple[Element, ...]) -> Case:
    """Give a message of one length: `size` bytes of data."""
    inside: tuple[Element, ...] = (
        Const(b"\xaa"),
        Mark("device_code"),
        Hex("device_code", 4, default="02000a83"),
        command,
        Const(b"\xff"),
        Sized(1, (*_SENDER, *data, _PACKET)),
        Check("sum8", since="device_code"),
        Const(b"\xbb", Reason.INTEGRITY),
    )
    return Case(name, (size + _AROUND,), inside)


def _frame(*cases: Case) -> tuple[Element, ...]:
    return (
        Const(b"\x80"),
        Mark("outer"),
        Const(b"\xff"),
        Code("length", 2),
        Const(b"\x00\x00"),
        Body(2, (Switch("length", cases),)),
        Check("sum8", since="outer"),
        Const(b"\x81", Reason.INTEGRITY),
    )


_SAID = (
    Carry("occupied"),
    Carry("sensor_fault"),
    Carry("battery_low"),
    Carry("magnetic_x"),
    Carry("magnetic_y"),
    Carry("magnetic_z"),
)

PROFILE = Profile(
    name="movebroad_vd33d_udp_v1",
    family=Family.PARKING,
    device="Movebroad VD33D parking sensor over UDP",
    source="gdgly/stm32L151_nbiot_tmote_app_workspace, udpprotocol.c (firmware)",
    up=_frame(
        _case("connect", Const(b"\xf1"), 55, _CONNECT),
        _case("status", Const(b"\xe7"), 59, _STATUS),
        _case("heartbeat", Const(b"\x0d"), 53, _HEARTBEAT),
    ),
    down=_frame(_case("acknowledgement", Code("command", 1, accepts=(0xF1, 0xE7, 0x0D)), 21, _ACKNOWLEDGED)),
    identity="device_sn",
    readings=(
        Reading("status", _SAID, clock="event_at"),
        Reading("heartbeat", (*_SAID, Carry("temperature_c"))),
    ),
)
