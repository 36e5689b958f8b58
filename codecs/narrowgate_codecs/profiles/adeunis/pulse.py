"""The frames of adeunis Pulse 4, over LoRaWAN, Sigfox and NB-IoT.

Source: adeunis' decoder in TheThingsNetwork/lorawan-devices, vendor/adeunis. High byte first; c the message,
s the state: b0 configured b1 battery low b2 an instant T follows at the end b5-7 frame counter:

    10  m SS SS f RR RR d FF FF [AA BB aa bb LL MM t u v w r]    configuration, in brackets only over LoRaWAN
    11  AA BB aa bb    12  LL MM t u v w      the rest of it over Sigfox
    20  o p | r | r PP PP     network         33  q RR RR      answer to a setting
    30  a AA BB aa bb [TTTT]  greatest and least flow of a day, alarms
    46  AAAA BBBB [TTTT]      counts          47  AA BB [TTTT]    flow alarm
    5A 5B  CCCC {DD DD} .. [TTTT]    count of channel A, B; how much less it was from record to record before

* T counts seconds from 2013. Decoders leave open whether in UTC or local time; it is read as UTC.
* Records of 5A and 5B are spaced by the sampling period, which only a configuration says: they are said,
  without an instant of their own. What a pulse is worth only the registry knows.
"""

from narrowgate_codecs.elements import Bits, Code, Epoch, Int, Left, Named, Part, Word
from narrowgate_codecs.layout import Body, Case, Deltas, Element, Switch, Tail, When
from narrowgate_codecs.profile import Carry, Reading

_SINCE_2013_S = 1_356_998_400
_INSTANT = Epoch("clock", 4, 2015, epoch_s=_SINCE_2013_S)
_DEBOUNCING_MS = (0, 1, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
_MODES: tuple[tuple[int, Word], ...] = ((0, "park"), (1, "production"), (2, "test"), (3, "dead"))
_ANSWERS: tuple[tuple[int, Word], ...] = (
    (1, "done"),
    (2, "no_change"),
    (3, "incoherent"),
    (4, "invalid_register"),
    (5, "invalid_value"),
    (6, "cut_value"),
    (7, "not_allowed"),
)
_STATE = Bits(
    "state",
    1,
    (Part("is_configured", 0), Part("battery_low", 1), Part("has_clock", 2), Part("frame_counter", 5, 3)),
)
_TIMED = When("has_clock", (1,), (_INSTANT,))
_FLOW_LIMITS: tuple[Element, ...] = (
    Int("flow_limit_a", 2),
    Int("flow_limit_b", 2),
    Int("leak_limit_a", 2),
    Int("leak_limit_b", 2),
)
_TAMPER_LIMITS: tuple[Element, ...] = (
    Int("leak_periods_a", 2),
    Int("leak_periods_b", 2),
    Int("tamper_period_a_s", 1),
    Int("tamper_limit_a", 1),
    Int("tamper_period_b_s", 1),
    Int("tamper_limit_b", 1),
)
_CONFIGURATION: tuple[Element, ...] = (
    Named("mode", 1, _MODES),
    Int("records_before_sending", 2),
    Bits(
        "channels",
        1,
        (
            *(Part(f"channel_{channel}_on", at) for at, channel in ((0, "a"), (4, "b"))),
            *(Part(f"channel_{channel}_is_gas", at) for at, channel in ((1, "a"), (5, "b"))),
            *(Part(f"channel_{channel}_tamper_on", at) for at, channel in ((3, "a"), (7, "b"))),
        ),
    ),
    Int("sampling_period_2s", 2),
    Bits(
        "debouncing",
        1,
        (
            Part("debouncing_a_ms", 0, 4, numbers=_DEBOUNCING_MS),
            Part("debouncing_b_ms", 4, 4, numbers=_DEBOUNCING_MS),
        ),
    ),
    Int("flow_period_min", 2),
    Tail((*_FLOW_LIMITS, *_TAMPER_LIMITS, Int("redundant_samples", 1)), 17),
)
_KEEP_ALIVE: tuple[Element, ...] = (
    Bits(
        "alarms",
        1,
        tuple(
            Part(f"{name}_{channel}", at + step)
            for at, name in ((0, "flow_alarm"), (2, "tamper"), (4, "leak"))
            for step, channel in enumerate("ab")
        ),
    ),
    *(Int(f"{bound}_flow_{channel}", 2) for bound in ("greatest", "least") for channel in "ab"),
    _TIMED,
)


def _counts(channel: str) -> Switch:
    """Give the counts of a channel, without and with an instant at the end."""
    records = Deltas("records", "past_pulses", "pulses", 2, towards="earlier")
    return Switch(
        "has_clock",
        (
            Case(f"counts_{channel}", (0,), (Int("pulses", 4), Body(0, (records,)))),
            Case(f"timed_counts_{channel}", (1,), (Int("pulses", 4), Body(4, (records,)), _INSTANT)),
        ),
    )


def _network() -> Switch:
    sigfox = Bits("sigfox_bits", 1, (Part("sigfox_retries", 0, 2),))
    return Switch(
        "left",
        (
            Case("sigfox", (1,), (sigfox,)),
            Case(
                "lorawan",
                (2,),
                (
                    Bits(
                        "lorawan_bits",
                        1,
                        (Part("adaptive_rate", 0), Part("duty_cycle", 2), Part("is_class_c", 5)),
                    ),
                    Named("activation", 1, ((0, "abp"),), otherwise="otaa", default="otaa"),
                ),
            ),
            Case("sigfox_down", (3,), (sigfox, Int("downlink_period_min", 2))),
        ),
    )


FRAME: tuple[Element, ...] = (
    Code("message", 1),
    _STATE,
    Switch(
        "message",
        (
            Case("configuration", (0x10,), _CONFIGURATION),
            Case("flow_limits", (0x11,), _FLOW_LIMITS),
            Case("tamper_limits", (0x12,), _TAMPER_LIMITS),
            Case("network", (0x20,), (Left(), _network())),
            Case("answer", (0x33,), (Named("answer", 1, _ANSWERS, otherwise="failed"), Int("register", 2))),
            Case("keep_alive", (0x30,), _KEEP_ALIVE),
            Case("counts", (0x46,), (Int("pulses", 4), Int("pulses_b", 4), _TIMED)),
            Case("flow_alarm", (0x47,), (Int("flow_a", 2), Int("flow_b", 2), _TIMED)),
            Case("channel_a", (0x5A,), (_counts("a"),)),
            Case("channel_b", (0x5B,), (_counts("b"),)),
        ),
    ),
)

_LOW = Carry("battery_low")
READINGS = (
    Reading("counts", (Carry("pulses"), _LOW), clock="clock", series="input_a"),
    Reading("counts", (Carry("pulses", "pulses_b"), _LOW), clock="clock", series="input_b"),
    *(
        reading
        for channel in "ab"
        for reading in (
            Reading(f"counts_{channel}", (Carry("pulses"), _LOW), series=f"input_{channel}"),
            Reading(
                f"timed_counts_{channel}", (Carry("pulses"), _LOW), clock="clock", series=f"input_{channel}"
            ),
            Reading(
                "keep_alive",
                (Carry("leak", f"leak_{channel}"), Carry("tamper", f"tamper_{channel}"), _LOW),
                clock="clock",
                series=f"input_{channel}",
            ),
        )
    ),
)
