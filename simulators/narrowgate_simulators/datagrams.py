"""The CoAP messages of a pretend device, as bytes; aiocoap writes them."""

from typing import NamedTuple

from aiocoap import CON, EMPTY, POST, Message

from narrowgate_simulators.emission import Emission

OCTET_STREAM = 42


class Outgoing(NamedTuple):
    """A datagram for one of the endpoints."""

    endpoint: int
    datagram: bytes


def request(emission: Emission, message_id: int, token: bytes) -> bytes:
    """Give an uplink: a confirmable POST of octets."""
    message = Message(code=POST, payload=emission.payload)
    message.mtype, message.mid, message.token = CON, message_id, token
    message.opt.uri_path = tuple(emission.path.strip("/").split("/"))
    message.opt.content_format = OCTET_STREAM
    return bytes(message.encode())


def empty(endpoint: int, kind: object, message_id: int) -> Outgoing:
    """Give an empty message of a kind: an acknowledgement, a reset, a ping."""
    message = Message(code=EMPTY)
    message.mtype, message.mid = kind, message_id
    return Outgoing(endpoint, bytes(message.encode()))


def ping(message_id: int) -> bytes:
    """Give an empty confirmable message: every CoAP endpoint must answer it with a reset."""
    return empty(0, CON, message_id).datagram
