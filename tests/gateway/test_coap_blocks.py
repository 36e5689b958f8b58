"""Block-wise uploads: joined in order, told again what was told, and bounded."""

import pytest
from aiocoap import POST, Message
from aiocoap.numbers.codes import Code

from narrowgate_gateway.coap_blocks import BOOKKEEPING_BYTES, UPLOAD_LIFETIME_S, Blocks

SIZE = 16


def block(number: int, message_id: int, content: bytes, *, more: bool = True, exponent: int = 0) -> Message:
    """Give a block of 16 bytes, unless another exponent is asked for."""
    message = Message(code=POST, payload=content, _mid=message_id)
    message.opt.uri_path = ("nb", "bay-1", "up")
    message.opt.block1 = (number, more, exponent)
    return message


def test_blocks_are_joined_in_order() -> None:
    """Each block but the last is told to continue; the last gives the whole payload."""
    blocks = Blocks(64)

    answers = [blocks.feed("a", block(n, n, bytes([n]) * SIZE, more=n < 2), 0.0) for n in range(3)]

    assert answers == [Code.CONTINUE, Code.CONTINUE, bytes(SIZE) + b"\x01" * SIZE + b"\x02" * SIZE]


def test_every_block_may_come_again() -> None:
    """A repeated block changes nothing, be it the first, one between or the last."""
    blocks = Blocks(64)
    sent = [block(n, n, bytes([n]) * SIZE, more=n < 2) for n in range(3)]
    whole = b"".join(bytes([n]) * SIZE for n in range(3))

    answers = [blocks.feed("a", sent[n], 0.0) for n in (0, 0, 1, 0, 1, 2, 1, 2)]

    assert answers == [*[Code.CONTINUE] * 5, whole, Code.CONTINUE, whole]


def test_another_first_block_begins_anew() -> None:
    """A first block under another message id drops what was there, even with the same content."""
    blocks = Blocks(64)
    blocks.feed("a", block(0, 1, bytes(SIZE)), 0.0)
    blocks.feed("a", block(1, 2, b"\x01" * SIZE), 0.0)

    blocks.feed("a", block(0, 3, bytes(SIZE)), 0.0)

    assert blocks.feed("a", block(1, 4, b"\x02", more=False), 0.0) == bytes(SIZE) + b"\x02"


def test_a_block_that_does_not_follow_ends_its_upload() -> None:
    """A gap is incomplete, and so is everything after it."""
    blocks = Blocks(64)
    blocks.feed("a", block(0, 1, bytes(SIZE)), 0.0)

    assert blocks.feed("a", block(2, 2, bytes(SIZE)), 0.0) is Code.REQUEST_ENTITY_INCOMPLETE
    assert blocks.feed("a", block(1, 3, bytes(SIZE)), 0.0) is Code.REQUEST_ENTITY_INCOMPLETE


def test_blocks_of_two_senders_are_not_mixed() -> None:
    """The sender is part of an upload's name."""
    blocks = Blocks(64)
    blocks.feed("a", block(0, 1, bytes(SIZE)), 0.0)

    assert blocks.feed("b", block(1, 2, bytes(SIZE)), 0.0) is Code.REQUEST_ENTITY_INCOMPLETE


def test_an_upload_beyond_the_limit_is_too_large_and_forgotten() -> None:
    """The block that would pass the limit is refused before it is held."""
    blocks = Blocks(SIZE)
    blocks.feed("a", block(0, 1, bytes(SIZE)), 0.0)

    assert blocks.feed("a", block(1, 2, b"\x01", more=False), 0.0) is Code.REQUEST_ENTITY_TOO_LARGE
    assert len(blocks) == 0


def test_the_reserved_size_is_a_bad_request() -> None:
    """Size exponent 7 has no meaning over UDP (RFC 7959, 2.2)."""
    assert Blocks(64).feed("a", block(0, 1, bytes(SIZE), exponent=7), 0.0) is Code.BAD_REQUEST


@pytest.mark.parametrize(("age_s", "held"), [(UPLOAD_LIFETIME_S, 2), (UPLOAD_LIFETIME_S + 1, 1)])
def test_an_upload_is_held_for_its_lifetime(age_s: float, held: int) -> None:
    """What no block came for in time is forgotten when another comes."""
    blocks = Blocks(64)
    blocks.feed("a", block(0, 1, bytes(SIZE)), 0.0)

    blocks.feed("b", block(0, 1, bytes(SIZE)), age_s)

    assert len(blocks) == held


def test_the_oldest_upload_gives_way() -> None:
    """Where there is room for two, the third drops the one that was touched longest ago."""
    blocks = Blocks(64, most_bytes=2 * (BOOKKEEPING_BYTES + 2 * SIZE))
    for sender in ("a", "b"):
        blocks.feed(sender, block(0, 1, bytes(SIZE)), 0.0)
    blocks.feed("a", block(1, 2, bytes(SIZE)), 0.0)

    blocks.feed("c", block(0, 1, bytes(SIZE)), 0.0)

    assert blocks.feed("a", block(2, 3, b"", more=False), 0.0) == bytes(2 * SIZE)
    assert blocks.feed("b", block(1, 2, bytes(SIZE)), 0.0) is Code.REQUEST_ENTITY_INCOMPLETE
