"""Jooby radio modules with pulse inputs: one to four channels, over NB-IoT or LoRaWAN.

Source: jooby-dev/jooby-docs (analog protocol) and jooby-dev/jooby-codec, layouts of the commands. A message
is commands back to back (`jooby.messages`); counters, parameters and states have a module each. High byte
first; instants count seconds from the year 2000 in UTC; numbers of no fixed width carry seven bits a byte.

    60 N S [S]   N number of the last event; S state: b0 battery low, b1 magnet, b2 button released, b3 link
                 lost, b4-6 inputs 1 to 3 inactive; b7 set: a second byte follows, its b0 is input 4

* A clock in the year 2000 was never set: what it dates is said, and is no reading of the past.
* S is the union of what gas, two-channel and four-channel modules say: what one kind does not have it leaves
  zero. Ultrasonic meters say something else there and have a profile of their own.
* Counters without a coefficient are `pulses`: what a pulse is worth only the registry knows.
* Hourly absolute archives (1F0C) come without a coefficient in published frames and with one in the document:
  read as in the frames, they are said and are no readings.
* A command that cannot be read is refused alone, an unknown one is kept as bytes: the check sum is right, and
  lengths tell where the next one begins.
* Counters that begin again at zero, and exchanged meters, are left to those who know what was before.
* Magnets in single hours of the oldest commands (05, 40) are not said.
"""

from narrowgate_codecs.elements import Bits, Part
from narrowgate_codecs.layout import Element, When
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.jooby.counters import READINGS
from narrowgate_codecs.profiles.jooby.messages import DOWN, ORDERS, up
from narrowgate_codecs.profiles.jooby.states import STATE
from narrowgate_schema.words import Family

_LAST_EVENT: tuple[Element, ...] = (
    Bits(
        "state",
        1,
        (
            Part("battery_low", 0),
            Part("tamper", 1),
            Part("button_released", 2),
            Part("link_lost", 3),
            *(Part(f"input_{at + 1}_inactive", 4 + at) for at in range(3)),
            Part("is_extended", 7),
        ),
    ),
    When("is_extended", (1,), (Bits("more_state", 1, (Part("input_4_inactive", 0),)),)),
)

PROFILE = Profile(
    name="jooby_pulse_v1",
    family=Family.WATER,
    device="Jooby radio module with pulse inputs",
    source="jooby-dev/jooby-docs, analog protocol",
    up=up(_LAST_EVENT, ()),
    down=DOWN,
    single_message="commands",
    readings=(STATE, *READINGS),
    orders=ORDERS,
)
