"""Jooby radio modules of ultrasonic water meters, over NB-IoT or LoRaWAN.

Source: jooby-dev/jooby-docs (analog protocol, water frame) and jooby-dev/jooby-codec. Messages and commands
are those of the modules with pulse inputs (`jooby.messages`), and besides (`jooby.water`):

    60 N S E        N number of the last event; S state, E error
    15 13 N T S E   an event of the meter at T
    1F07 N F A ..   the meter's own answer
    1F14 LLLHHH RRRR DDDD    battery under low and high load [mV], resistance [mOhm], last depassivation [s]

* What the meter's state means differs from that of modules with pulse inputs, and nothing in a message tells
  them apart: which one a device is, its registration says.
"""

from dataclasses import replace

from narrowgate_codecs.elements import Int
from narrowgate_codecs.layout import Case
from narrowgate_codecs.profile import Carry, Profile
from narrowgate_codecs.profiles.jooby.counters import READINGS
from narrowgate_codecs.profiles.jooby.messages import DOWN, ORDERS, up
from narrowgate_codecs.profiles.jooby.states import RESISTANCE, STATE, battery
from narrowgate_codecs.profiles.jooby.water import ANSWER, FLAGS, METER_STATE
from narrowgate_schema.words import Family

_EXTRA = (
    Case("meter_answer", (0x1F07,), ANSWER),
    Case(
        "meter_battery",
        (0x1F14,),
        (battery("battery_v", "loaded_battery_v"), RESISTANCE, Int("last_depassivation_s", 2)),
    ),
)

PROFILE = Profile(
    name="jooby_ultrasound_v1",
    family=Family.WATER,
    device="Jooby radio module of an ultrasonic water meter",
    source="jooby-dev/jooby-docs, analog protocol",
    up=up(METER_STATE, METER_STATE, _EXTRA),
    down=DOWN,
    single_message="commands",
    readings=(
        replace(STATE, carries=(*STATE.carries, *(Carry(name) for name in FLAGS))),
        *READINGS,
    ),
    orders=ORDERS,
)
