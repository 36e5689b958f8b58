"""Answers to single requests, byte for byte as aiocoap writes them."""

from aiocoap import ACK, NON, Message
from aiocoap.numbers.codes import Code
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_gateway.coap_messages import (
    Block,
    Head,
    Rider,
    acknowledgement,
    bare_acknowledgement,
    separate,
)

CODES = st.sampled_from((Code.CHANGED, Code.CONTINUE, Code.NOT_FOUND, Code.SERVICE_UNAVAILABLE))
BLOCKS = st.tuples(st.integers(0, (1 << 20) - 1), st.booleans(), st.integers(0, 6))
RIDERS = st.builds(
    Rider, st.lists(st.text("0179", max_size=3), max_size=2).map(tuple), st.binary(max_size=99)
)


@given(
    st.binary(max_size=8),
    st.integers(0, 65535),
    CODES,
    st.none() | st.integers(0, 1 << 20),
    st.none() | BLOCKS,
    RIDERS,
)
def test_an_answer_is_what_the_library_would_send(
    token: bytes, message_id: int, code: Code, max_age_s: int | None, block1: Block | None, rider: Rider
) -> None:
    """Token, code, Location-Path, Max-Age, Block1 and payload stand where the library puts them."""
    expected = []
    for kind in (ACK, NON):
        message = Message(code=code, payload=rider.payload, _token=token, _mtype=kind, _mid=message_id)
        message.opt.location_path, message.opt.max_age, message.opt.block1 = rider.location, max_age_s, block1
        expected.append(message.encode())
    head, more = Head(0, 2, message_id, token), {"max_age_s": max_age_s, "block1": block1, "rider": rider}
    told = [acknowledgement(head, code, **more), separate(head, message_id, code, **more)]  # type: ignore[arg-type]

    assert told == expected


def test_a_bare_acknowledgement_is_a_head() -> None:
    """It has no code and no token, whatever was asked with."""
    assert bare_acknowledgement(Head(0, 2, 0x1234, b"token")) == b"\x60\x00\x12\x34"
