"""Commands to NAS's luminaire controllers, port 60, and the answers, which repeat them.

Source: nasys/nas-codecs, src/ul20xx_decoder.js:

    00  address; answered by address and gear status, repeated        (firmware 1.0 and before)
    01  address, level, repeated       09  the same with minutes; FF: go on as planned
    03  04  queries and commands to gear, as on the bus
    05  b0 usage b1 status, in 1.1 b2 dimming limits b3 position: asked for
    06  inputs and relay                                              (firmware 1.0 and before)
    07  08  a gear's memory read, written; nothing behind it: that failed
    0A  a gear to be given an address   0B  gear to show itself       (firmware 1.1)
    0C  open drain output
"""

from narrowgate_codecs.elements import Bits, Code, Int, Left, Named, Part, Rest
from narrowgate_codecs.layout import Array, Case, Element, Switch, Tail
from narrowgate_codecs.profile import Carry, Reading
from narrowgate_codecs.profiles.nas.lamps import GEAR, GEAR_CARRIES, address, level, when

_LEVELS = (address("all_devices"), level("commanded_level_pct"))
_MEMORY = (address(), Int("memory_bank", 1), Int("memory_address", 1))

_SHARED: tuple[Case, ...] = (
    Case("dimming", (0x01,), (Array("levels", None, _LEVELS),)),
    Case("custom_request", (0x03,), (Rest("queries"),)),
    Case("custom_command", (0x04,), (Rest("commands"),)),
    Case(
        "memory_read",
        (0x07,),
        (
            Tail(
                (
                    *_MEMORY,
                    Int("memory_size", 1),
                    Tail((Array("memory", "memory_size", (Int("byte", 1),)),)),
                )
            ),
        ),
    ),
    Case("memory_write", (0x08,), (Tail((*_MEMORY, Rest("memory"))),)),
    Case("timed_dimming", (0x09,), (Array("levels", None, (*_LEVELS, Int("for_min", 1))),)),
    Case("open_drain", (0x0C,), (Bits("open_drain_bits", 1, (Part("open_drain_on", 0),)),)),
)
_ASKED = (Part("usage_requested", 0), Part("status_requested", 1))

COMMANDS_10: tuple[Case, ...] = (
    *_SHARED,
    Case(
        "dali",
        (0x00,),
        (
            Left("dali_left"),
            Switch(
                "dali_left",
                (Case("dali_status_request", (1,), (address("invalid_ff"),)),),
                default=Case("dali_status", (), (Array("gears", None, (address(), GEAR)),)),
            ),
        ),
    ),
    Case("report_request", (0x05,), (Bits("asked", 1, _ASKED),)),
    Case(
        "interfaces",
        (0x06,),
        (
            Left("interfaces_left"),
            Switch(
                "interfaces_left",
                (
                    Case("interfaces_request", (1,), (Int("interface", 1),)),
                    Case(
                        "interfaces_state",
                        (8,),
                        (
                            Code("dig_code", 1, accepts=(0x01,), default=0x01),
                            Named(
                                "dig_state", 1, ((0, "off"), (1, "on"), (0xFF, "none")), otherwise="unknown"
                            ),
                            Code("ldr_code", 1, accepts=(0x02,), default=0x02),
                            Int("ldr", 1, null=(0xFF,)),
                            Code("thr_code", 1, accepts=(0x03,), default=0x03),
                            Int("thr", 1, default=0xFF),
                            Code("relay_code", 1, accepts=(0x04,), default=0x04),
                            Bits("relay_bits", 1, (Part("relay_closed", 0), Part("open_drain_on", 1))),
                        ),
                    ),
                ),
            ),
        ),
    ),
)

COMMANDS_11: tuple[Case, ...] = (
    *_SHARED,
    Case(
        "report_request",
        (0x05,),
        (
            Bits("asked", 1, (*_ASKED, Part("limits_requested", 2), Part("position_requested", 3))),
            when(
                "limits_requested",
                Array(
                    "gears",
                    None,
                    (
                        address(),
                        Int("least_arc_level", 1),
                        Int("greatest_arc_level", 1),
                        Named(
                            "dimming_curve", 1, ((0, "logarithmic"),), otherwise="linear", default="linear"
                        ),
                    ),
                ),
            ),
        ),
    ),
    Case("give_address", (0x0A,), (address("rescan_dali_bus"),)),
    Case("show_gear", (0x0B,), ()),
)

READINGS = tuple(
    Reading(message, (Carry("commanded_level_pct"),), records="levels", series_by="address")
    for message in ("dimming", "timed_dimming")
)
"""A command that comes back up is one that is carried out."""

GEAR_READING = Reading("dali_status", GEAR_CARRIES, records="gears", series_by="address")


def commands(cases: tuple[Case, ...]) -> tuple[Element, ...]:
    """Give the commands of a firmware."""
    return (Code("command", 1), Switch("command", cases))
