"""From values to bytes: the same declarations, read the other way round."""

from collections.abc import Mapping
from functools import cache

from narrowgate_codecs.elements import Port
from narrowgate_codecs.engine import Frame
from narrowgate_codecs.known import keys_of
from narrowgate_codecs.layout import Direction, Switch, find_case, messages_of
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.registry import PROFILES
from narrowgate_codecs.scope import Wanted
from narrowgate_codecs.soundness import every


@cache
def frame_of(profile: str, direction: Direction) -> Frame:
    """Give the row engine of a profile's direction; KeyError if there is no such profile."""
    return Frame(PROFILES[profile].fields(direction))


def encode(
    profile: str,
    message: str,
    values: Mapping[str, object],
    key: bytes | None = None,
    direction: Direction | None = None,
) -> bytes:
    """Give the frame of a message that says the values, by their declared names.

    Lengths, check sums and the codes that choose the message are made; what has a default may be left out.
    `narrowgate profiles NAME` lists the names. The messages that simulators send, with the names they take:

    * `cjt188_water_v2004`, `current_data`: address (14 digits), volume_m3 [m3], settlement_volume_m3 [m3],
      clock (local datetime without zone, or None), valve (open, closed, fault), battery_low; None as a
      volume is sent as "no data". Also serial, meter_type, volume_unit (2C or 29), tunnel_number.
    * `pni_placepod_v1`, `records`: records, a list of {"record": kind, ...} in order: status and keep_alive
      (occupied), battery (battery_v [V]), temperature (temperature_c [Cel]), recalibrate (recalibrated),
      deactivate (deactivated), reboot (rebooted), vehicle_count and keep_alive_count (vehicle_count).
    * `huati_nb_v1`, `report`: power_w [W], voltage_v [V], current_a [A], power_factor, energy_kwh [kWh],
      signal; `response`: result (done, failed); `set_dimming` (down): mid, lamps, a list of three
      {"action": "dim" or "off", "level_pct": [%]}; `ack` (down): error, more.

    Args:
        profile: its name.
        message: the message's name.
        values: by declared name.
        key: the device's key, where the message travels encrypted.
        direction: of the message; None: the one that has it, up where both have.

    Raises:
        ValueError: no such profile or message, or a value that is missing, unknown, of the wrong kind or out
            of range; names the field, the value and the range.
    """
    if profile not in PROFILES:
        raise ValueError(f"profile {profile!r}: one of {', '.join(PROFILES)} is possible")
    way, fixed = _route(PROFILES[profile], message, direction)
    return frame_of(profile, way).write(Wanted(values, fixed, keys=keys_of(key)))


def port_of(profile: str, message: str, direction: Direction | None = None) -> int | None:
    """Give the port that a message travels on; None where the frame itself says what it is.

    Args:
        profile: its name.
        message: the message's name.
        direction: of the message; None: the one that has it, up where both have.

    Raises:
        ValueError: no such profile or message.
    """
    if profile not in PROFILES:
        raise ValueError(f"profile {profile!r}: one of {', '.join(PROFILES)} is possible")
    way, fixed = _route(PROFILES[profile], message, direction)
    ports = [field for field in every(PROFILES[profile].fields(way)) if isinstance(field, Port)]
    return fixed.get(ports[0].name, ports[0].default) if ports else None


def ports_of(profile: Profile, direction: Direction) -> dict[int, str]:
    """Give what travels on each captured port of a direction; {} where the frames say so themselves.

    What is named are the messages, or for a port with several of them the case that leads to them.
    """
    fields = profile.fields(direction)
    names = [field.name for field in fields if isinstance(field, Port)]
    choices = [field for field in every(fields) if isinstance(field, Switch) and field.on in names]
    return {port: case.name for choice in choices for case in choice.cases for port in case.when}


def messages(profile: Profile, direction: Direction) -> tuple[str, ...]:
    """Give the names of the messages of one direction."""
    fields = profile.fields(direction)
    return messages_of(fields) or ((profile.single_message,) if fields else ())


def _route(
    profile: Profile, message: str, wanted: Direction | None = None
) -> tuple[Direction, dict[str, int]]:
    known: list[str] = []
    directions: tuple[Direction, ...] = ("up", "down") if wanted is None else (wanted,)
    for direction in directions:
        names = messages(profile, direction)
        if message in names:
            return direction, find_case(profile.fields(direction), message) or {}
        known.extend(names)
    raise ValueError(f"{profile.name} message {message!r}: one of {', '.join(known)} is possible")
