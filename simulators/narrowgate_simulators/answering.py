"""The frame by which a pretend device answers a command, in its profile's own way."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from narrowgate_codecs import encode, port_of
from narrowgate_schema.commands import Valve
from narrowgate_simulators.listening import Heard

Values = Mapping[str, object]

_PLATE: Values = {
    "firmware": "0101",
    "hardware": "0100",
    "serial_number": "6722A0000000000P",
    "imei": "860000000000006",
    "imsi": "460000000000000",
    "iccid": "89860000000000000000",
}
"""What Milesight's NB-IoT modules state of themselves around every message."""


class Said(NamedTuple):
    """A message up, ready to be sent."""

    payload: bytes
    port: int | None


def answer_to(profile: str, heard: Heard, *, is_done: bool = True) -> Said | None:
    """Give the frame that answers a command; None where the device does not answer.

    Args:
        profile: the device's.
        heard: what it was told.
        is_done: whether it did so; where the layout has no word for a failure there is no answer to one.

    Raises:
        ValueError: the answer says something that a pretend device does not know; names it.
    """
    answer = heard.answer
    if answer is None or (not is_done and answer.result is None):
        return None
    values: dict[str, object] = dict(_SAYS[answer.message](heard)) if answer.message in _SAYS else {}
    if answer.result is not None:
        values[answer.result] = answer.done[0] if is_done else "failed"
    if answer.number is not None:
        values[answer.number] = heard.number
    if answer.item is not None:
        values[answer.item[0]] = [_record(answer.item, heard)]
        values |= _PLATE if profile.endswith("_nb_v1") else {}
    elif heard.message == answer.message:
        # NAS's controllers repeat the very frame that they were sent.
        values |= heard.values
    payload = encode(profile, answer.message, values, direction="up")
    return Said(payload, port_up(profile, answer.message))


@cache
def port_up(profile: str, message: str) -> int | None:
    """Give the port of a message up; asked for each word of a large fleet."""
    return port_of(profile, message, "up")


def _valve(heard: Heard) -> Values:
    is_open = isinstance(heard.command, Valve) and heard.command.is_open
    return {"address": heard.values["address"], "valve": "open" if is_open else "closed"}


def _boot(heard: Heard) -> Values:
    firmware = {"firmware_major": 1, "firmware_minor": 1, "firmware_patch": 4}
    return {"serial": "00000001", "outputs": "dali", **firmware}


_SAYS: dict[str, Callable[[Heard], Values]] = {"valve_reply": _valve, "boot": _boot}


def _record(item: tuple[str, str], heard: Heard) -> Values:
    """Give the record of an answer that tells: what the order's own record says, as far as it is repeated."""
    records = heard.values[item[0]]
    told = records[0] if isinstance(records, list) and records else {}
    return {"record": item[1], **_REPEATED[item[1]](told)}


def _relays(told: Values) -> Values:
    relays = range(1, 9)
    changed = {f"relay_{relay}_changed": told[f"switch_{relay}"] for relay in relays}
    return {**changed, **{f"relay_{relay}": told[f"relay_{relay}"] for relay in relays}}


_REPEATED: dict[str, Callable[[Values], Values]] = {
    "relays": _relays,
    "report_interval": lambda told: {"report_interval_s": told["report_interval_s"]},
    "set_parameter": lambda told: {"parameter": told["parameter"], "done": 1},
    "restart": lambda told: {},
    "calibrate": lambda told: {},
}
