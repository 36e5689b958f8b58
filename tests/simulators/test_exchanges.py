"""Exchanges without sockets: datagrams and instants in, datagrams out."""

from itertools import pairwise

import pytest
from aiocoap import ACK, CHANGED, CON, CONTENT, EMPTY, RST, Message
from aiocoap.numbers.codes import SERVICE_UNAVAILABLE, UNAUTHORIZED
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from narrowgate_simulators import Emission, SentReport, Timing, Weather
from narrowgate_simulators.datagrams import Outgoing
from narrowgate_simulators.exchanges import Exchanges
from narrowgate_simulators.message_ids import MessageIds

CALM = Weather(1, 0.0, 0.0)
STEADY = Timing(ack_random_factor=1.0)


def emission(device: str = "bay-1", sequence: int = 1) -> Emission:
    """Give an uplink."""
    return Emission(device, f"nb/{device}/up", b"\x15\x66\x01", sequence, None, 0)


def exchanges(
    *offered: Emission, timing: Timing = STEADY, weather: Weather = CALM, endpoints: int = 2, window: int = 8
) -> Exchanges:
    """Give exchanges with emissions offered."""
    made = Exchanges([MessageIds(0) for _ in range(endpoints)], timing, weather, window, SentReport())
    made.offer(offered)
    return made


def answer(
    out: Outgoing, code: object = CHANGED, kind: object = ACK, max_age_s: int | None = None
) -> tuple[int, bytes]:
    """Give what a gateway answers to a datagram."""
    request = Message.decode(out.datagram)
    message = Message(code=code)
    message.mtype, message.mid = kind, request.mid
    message.token = b"" if code == EMPTY else request.token
    if max_age_s is not None:
        message.opt.max_age = max_age_s
    return out.endpoint, message.encode()


def outcomes(made: Exchanges) -> list[str]:
    """Give the results since the last look."""
    return [outcome.result for outcome in made.take_settled()]


def test_request_is_what_the_device_meant() -> None:
    """An emission is a confirmable POST of octets whose token is the device's count."""
    sent = Message.decode(exchanges(emission("lamp-7", 258)).send(0.0)[0].datagram)

    assert (
        sent.mtype,
        str(sent.code),
        sent.token,
        sent.opt.uri_path,
        sent.opt.content_format,
        sent.payload,
    ) == (
        CON,
        "POST",
        b"\x00\x00\x01\x02",
        ("nb", "lamp-7", "up"),
        42,
        b"\x15\x66\x01",
    )


def test_answer_settles() -> None:
    """A success acknowledges the emission."""
    made = exchanges(emission())
    made.receive(*answer(made.send(0.0)[0]), 0.1)

    assert (outcomes(made), made.is_idle) == (["acked"], True)


def test_repeat_is_the_same_datagram() -> None:
    """Without an answer the same message id and token are sent again, each wait twice the last."""
    made = exchanges(emission())
    first, sent_at = made.send(0.0), [0.0]
    repeats = []
    for _ in range(4):
        due_s = made.next_due_s(sent_at[-1]) or 0.0
        repeats += made.send(due_s)
        sent_at.append(due_s)

    assert (repeats, [after - before for before, after in pairwise(sent_at)]) == (
        first * 4,
        [2.0, 4.0, 8.0, 16.0],
    )


def test_exhausted_message_begins_anew() -> None:
    """After its last repeat a device sends the same reading with a new message id and the same token."""
    made = exchanges(emission(), timing=Timing(ack_random_factor=1.0, max_retransmit=0))
    messages = [Message.decode(made.send(now_s)[0].datagram) for now_s in (0.0, 2.0)]

    assert [(message.mid, message.token) for message in messages] == [(0, b"\0\0\0\1"), (1, b"\0\0\0\1")]


def test_device_gives_up() -> None:
    """A reading is dropped when its time is over."""
    made = exchanges(emission(), timing=Timing(give_up_s=3.0))
    made.send(0.0)
    made.send(3.0)

    assert (outcomes(made), made.is_idle) == (["given_up"], True)


def test_refusal_is_final() -> None:
    """A refusal of the sender ends the exchange with its code."""
    made = exchanges(emission())
    made.receive(*answer(made.send(0.0)[0], UNAUTHORIZED), 0.1)

    assert outcomes(made) == ["4.01"]


def test_reset_is_a_refusal() -> None:
    """A reset ends the exchange."""
    made = exchanges(emission())
    made.receive(*answer(made.send(0.0)[0], EMPTY, RST), 0.1)

    assert outcomes(made) == ["reset"]


def test_busy_gateway_is_asked_again() -> None:
    """5.03 with Max-Age lets the device come back after that time with a new message id."""
    made = exchanges(emission())
    first = made.send(0.0)[0]
    made.receive(*answer(first, SERVICE_UNAVAILABLE, max_age_s=7), 1.0)
    early, later = made.send(7.9), made.send(8.0)

    assert (early, Message.decode(later[0].datagram).mid) == ([], 1)


def test_announced_answer_is_awaited() -> None:
    """An empty acknowledgement stops the repeats; the answer that follows is acknowledged itself."""
    made = exchanges(emission())
    first = made.send(0.0)[0]
    made.receive(*answer(first, EMPTY), 0.1)
    silent = made.send(9.0)
    endpoint, separate = answer(first, CONTENT, CON)
    thanks = [Message.decode(out.datagram).mtype for out in made.receive(endpoint, separate, 9.5)]

    assert (silent, thanks, outcomes(made)) == ([], [ACK], ["acked"])


def test_lost_promise_is_repeated() -> None:
    """An answer that was announced and never came is asked for again."""
    made = exchanges(emission())
    first = made.send(0.0)[0]
    made.receive(*answer(first, EMPTY), 0.1)

    assert made.send(10.1) == [first]


def test_strange_confirmable_is_rejected() -> None:
    """A confirmable answer to nothing that is open is reset."""
    made = exchanges(emission())
    endpoint, late = answer(made.send(0.0)[0], CHANGED, CON)
    made.receive(endpoint, late, 0.1)

    assert [Message.decode(out.datagram).mtype for out in made.receive(endpoint, late, 0.2)] == [RST]


@settings(max_examples=500)
@given(st.binary(max_size=64))
def test_noise_is_ignored(noise: bytes) -> None:
    """Bytes that answer nothing settle nothing."""
    made = exchanges(emission(sequence=0x7A3B91C2))
    message_id = Message.decode(made.send(0.0)[0].datagram).mid
    assume(noise[2:4] != message_id.to_bytes(2, "big"))
    made.receive(0, noise, 0.1)

    assert outcomes(made) == []


def test_device_waits_for_itself() -> None:
    """A device has one message outstanding."""
    made = exchanges(emission(sequence=1), emission(sequence=2))
    first = made.send(0.0)
    made.receive(*answer(first[0]), 0.1)
    second = made.send(0.1)

    assert [Message.decode(out.datagram).token[-1] for out in first + second] == [1, 2]


def test_endpoint_never_doubles_a_token() -> None:
    """Devices with the same count go out over different endpoints, and wait if there are none."""
    made = exchanges(*(emission(f"bay-{number}") for number in range(3)), endpoints=2)

    assert sorted(out.endpoint for out in made.send(0.0)) == [0, 1]


def test_window_bounds_what_is_open() -> None:
    """No more exchanges are open than the window allows."""
    made = exchanges(*(emission(f"bay-{number}", number) for number in range(9)), window=4)

    assert len(made.send(0.0)) == 4


def test_weather_doubles_datagrams() -> None:
    """A doubled datagram is sent twice as it is."""
    made = exchanges(emission(), weather=Weather(1, 1.0, 0.0))
    out = made.send(0.0)

    assert out == [out[0], out[0]]


def test_weather_swallows_answers() -> None:
    """A lost answer leaves the exchange open, so that a repeat follows."""
    made = exchanges(emission(), weather=Weather(1, 0.0, 1.0))
    first = made.send(0.0)
    made.receive(*answer(first[0]), 0.1)

    assert (outcomes(made), made.send(2.0)) == ([], first)


@pytest.mark.parametrize("wrong", [{"ack_timeout_s": 0}, {"max_retransmit": -1}, {"give_up_s": float("nan")}])
def test_impatience_is_refused(wrong: dict[str, float]) -> None:
    """A time out of range is named."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Timing(**wrong)  # type: ignore[arg-type]


def test_changed_port_is_another_endpoint() -> None:
    """A device whose source port has changed sends from another endpoint."""
    bound = [emission()._replace(binding=binding) for binding in (0, 1, 2)]
    endpoints = [exchanges(each).send(0.0)[0].endpoint for each in bound]

    assert endpoints[0] == endpoints[2] != endpoints[1]
