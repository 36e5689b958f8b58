"""What registration refuses in a profile's readings: names nobody says, fields the family has not."""

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.soundness import dtypes_of, every
from narrowgate_schema.fields import fields_of


def check_reading(profile: Profile, reading: Reading) -> None:
    """Refuse a reading that nothing in the frame can make.

    Raises:
        ValueError: what is wrong with it, with its place.
    """
    place = f"{profile.name}.readings.{reading.message}"
    if reading.message not in (lay.messages_of(profile.up) or (profile.single_message,)):
        raise ValueError(f"{place}: there is no such message")
    said = set(_all_names(profile.up))
    each = reading.each
    lists = () if reading.records is None else reading.records.split(".")
    for name in (reading.clock, *lists, profile.identity, each and each.clock, each and each.offset):
        if name is not None and name not in said:
            raise ValueError(f"{place}: nothing in the frame says {name}")
    if each is not None and (
        reading.records is None or (each.clock is None and reading.clock is None and not each.from_reception)
    ):
        raise ValueError(f"{place}: items as rows need a list and a clock")
    _check_series(profile, reading, place)
    if reading.only_dated and (reading.clock is None or each is not None or reading.series_by is not None):
        raise ValueError(f"{place}: only a message's own clock can leave it undated")
    secrets = {field.name for field in every(profile.up) if isinstance(field, el.Hex) and field.is_secret}
    for carry in reading.carries:
        if carry.name in secrets:
            raise ValueError(f"{place}.{carry.field}: {carry.name} is a secret")
        _check_carry(profile, carry, place, said)


def _check_series(profile: Profile, reading: Reading, place: str) -> None:
    if reading.series_by is None:
        return
    path = () if reading.records is None else reading.records.split(".")
    inside = [field for field in every(profile.up) if isinstance(field, lay.LISTS) and field.name in path]
    kinds = {kind for field in inside for kind in dtypes_of((field,), reading.series_by)}
    if not kinds or not kinds <= {"string", "int64"} or len(kinds) > 1:
        raise ValueError(
            f"{place}: {reading.series_by} is no word or number of the items of {reading.records}"
        )


def _check_carry(profile: Profile, carry: Carry, place: str, said: set[str]) -> None:
    dtypes = {field.name: field.dtype for field in fields_of(profile.family)}
    if carry.field not in dtypes:
        raise ValueError(f"{place}.{carry.field}: {profile.family} has no such field")
    if carry.name not in said:
        raise ValueError(f"{place}.{carry.field}: nothing in the frame says {carry.name}")
    if carry.doubted_by is not None:
        kinds = dtypes_of(profile.up, carry.name) | dtypes_of(profile.up, carry.doubted_by)
        if carry.doubted_by not in said or kinds != {"bool"}:
            raise ValueError(f"{place}.{carry.field}: a truth is doubted by a truth of the frame")
    if carry.after is not None and (
        carry.after not in said or dtypes_of(profile.up, carry.after) != {"bool"}
    ):
        raise ValueError(f"{place}.{carry.field}: {carry.after} is no truth of the frame")
    dtype = dtypes[carry.field]
    for found in dtypes_of(profile.up, carry.name) - {dtype}:
        if (found, dtype) != ("int64", "float64"):
            raise ValueError(f"{place}.{carry.field}: is {dtype}, but {carry.name} says {found}")


def _all_names(fields: tuple[lay.Element, ...]) -> list[str]:
    names: list[str] = []
    for field in fields:
        names.extend(lay.names_of(field))
        if isinstance(field, lay.Deltas):
            names.extend((field.item, *_all_names(field.also)))
        elif isinstance(field, lay.Channels):
            names.extend((field.channel, *_all_names(field.fields)))
        elif isinstance(field, (lay.Records, lay.Array, lay.Described)) or not isinstance(field, lay.LEAVES):
            names.extend(_all_names(lay.children(field)))
    return names
