"""The channels of Milesight's UC501 controller: pulse and analogue inputs, Modbus and SDI-12 meters.

Source: Milesight-IoT/SensorDecoders, uc-series/uc501:

    03 04 inputs: 00 input 01 output C8 pulses u32
    05 06 analogue: 02 now, least, greatest, mean i16 [0.001], E2 the same as f16; 85 86 E2 with an alarm
    08 DB SDI-12: channel, text of 36     FF 14 kind of an analogue input
    FF 0E Modbus: channel + 6, kind, value   80 0E with an alarm   FF 15 channel + 6 that was not read
          kind b0-2: 0 1 bit, 2 3 u16, 4 6 u32, 5 7 f32
    20 DC E {kind, u32} x2 {i32 [0.001]} x2     stored: kinds 0 input 1 output 2 counter
    20 DD E mask u16 {kind, value x4}           stored Modbus      20 E0 E mask u16 {text of 36}   SDI-12

* Each input is a series of its own. What a Modbus meter counts in is a setting that the frame does not say.
* Firmware 1.10 and older count analogue inputs in hundredths; the frame does not tell.
"""

from narrowgate_codecs.elements import Bits, Epoch, Hex, Int, Named, Part
from narrowgate_codecs.layout import Case, Element, When
from narrowgate_codecs.profile import Carry, Each, Reading
from narrowgate_codecs.profiles.milesight.channels import (
    ABOUT,
    SETTINGS,
    channels,
    floating,
    number,
)

_STATES = ((0, "off"), (1, "on"))
_ALARM = Named("alarm", 1, ((1, "threshold"), (2, "change")), otherwise="unknown")
_KINDS = ("", "_least", "_greatest", "_mean")


def _pins(pin: int) -> tuple[Case, ...]:
    channel = 0x0200 + 0x100 * pin
    return (
        Case(f"input_{pin}", (channel,), (Named(f"input_{pin}", 1, _STATES),)),
        Case(f"output_{pin}", (channel | 0x01,), (Named(f"output_{pin}", 1, _STATES),)),
        Case(f"counter_{pin}", (channel | 0xC8,), (number(f"pulses_{pin}", 4),)),
    )


def _analogues(pin: int) -> tuple[Case, ...]:
    channel, alarmed = 0x0400 + 0x100 * pin, 0x8400 + 0x100 * pin
    counted = tuple(Int(f"analogue_{pin}{kind}", 2, "little", signed=True, per=1000) for kind in _KINDS)
    floated = tuple(floating(f"analogue_{pin}{kind}", 2) for kind in _KINDS)
    return (
        Case(f"analogue_{pin}", (channel | 0x02,), counted),
        Case(f"analogue_{pin}_float", (channel | 0xE2,), floated),
        Case(f"analogue_{pin}_alarm", (alarmed | 0xE2,), (*floated, _ALARM)),
    )


_MODBUS: tuple[Element, ...] = (
    Int("modbus_channel", 1, plus=-6),
    Bits("modbus_byte", 1, (Part("modbus_kind", 0, 3),)),
    When("modbus_kind", (0, 1), (number("modbus_bit", 1),)),
    When("modbus_kind", (2, 3), (number("modbus_register"),)),
    When("modbus_kind", (4, 6), (number("modbus_long", 4),)),
    When("modbus_kind", (5, 7), (floating("modbus_float"),)),
)


def _stored_pin(pin: int) -> tuple[Element, ...]:
    kind = f"stored_kind_{pin}"
    return (
        Bits(f"{kind}_byte", 1, (Part(kind, 0, 8, ((0, "input"), (1, "output"), (2, "counter"))),)),
        When(kind, (2,), (number(f"stored_pulses_{pin}", 4),)),
        When(kind, (2,), (Hex(f"stored_state_{pin}", 4, "little"),), other=True),
    )


_MASKED = tuple(range(16))


def _stored(name: str, width: int) -> tuple[Element, ...]:
    """Give what is stored of up to 16 channels, those that a mask names, each so wide [byte]."""
    return (
        Epoch("stored_at", 4, 2015, "little"),
        Bits(f"{name}_mask", 2, tuple(Part(f"has_{name}_{at + 1}", at) for at in _MASKED), "little"),
        *(When(f"has_{name}_{at + 1}", (1,), (Hex(f"{name}_{at + 1}", width),)) for at in _MASKED),
    )


_UPLINKS = (
    *_pins(1),
    *_pins(2),
    *_analogues(1),
    *_analogues(2),
    Case("analogue_kind", (0xFF14,), (Hex("analogue_kind", 1),)),
    Case("sdi12", (0x08DB,), (Int("sdi12_channel", 1, plus=1), Hex("sdi12", 36))),
    Case("modbus", (0xFF0E,), _MODBUS),
    Case("modbus_alarm", (0x800E,), (*_MODBUS, _ALARM)),
    Case("modbus_unread", (0xFF15,), (Int("modbus_unread", 1, plus=-6),)),
    Case(
        "stored",
        (0x20DC,),
        (
            Epoch("stored_at", 4, 2015, "little"),
            *_stored_pin(1),
            *_stored_pin(2),
            Int("stored_analogue_1", 4, "little", signed=True, per=1000),
            Int("stored_analogue_2", 4, "little", signed=True, per=1000),
        ),
    ),
    Case("stored_modbus", (0x20DD,), _stored("modbus", 5)),
    Case("stored_sdi12", (0x20E0,), _stored("sdi12", 36)),
)

UP = channels(*ABOUT, *_UPLINKS, *SETTINGS)
DOWN = channels(*SETTINGS)
READINGS = (
    Reading("records", (Carry("battery_pct"),), records="records"),
    *(
        Reading("records", (Carry("pulses", f"pulses_{pin}"),), records="records", series=f"input_{pin}")
        for pin in (1, 2)
    ),
    *(
        Reading(
            "records",
            (Carry("pulses", f"stored_pulses_{pin}"),),
            records="records",
            series=f"input_{pin}",
            each=Each(clock="stored_at"),
        )
        for pin in (1, 2)
    ),
)
