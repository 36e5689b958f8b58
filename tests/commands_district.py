"""A district whose devices can be told something: lamps of three makers and meters, some told already."""

import io
from typing import Protocol

from narrowgate_codecs import PROFILES
from narrowgate_console.command_making import Terms, wish_for
from narrowgate_console.group_ordering import GroupAsk, order_group
from narrowgate_fleet import (
    CommandQueue,
    CommandReason,
    CommandSending,
    Fleet,
    Heard,
    Ready,
    Registry,
    import_csv,
)
from narrowgate_fleet.command_groups import GroupRow
from narrowgate_fleet.selection import Selection
from narrowgate_schema.commands import LampLevel, Valve

_S = 1_000_000
_HEAD = "device,profile,tenant,asset,role,lat,lon,feeder,cell,road_class,serial"
_LAMPS = ("huati_nb_v1", "nas_ul20xx_v11", "milesight_ws558_v1")
GROUP = "feeder-12-to-40"


class Sources(Protocol):
    """What holds a home with its fleet and queue."""

    @property
    def commands(self) -> CommandQueue:
        """Give the queue."""
        ...

    def fleet(self) -> Fleet:
        """Give the fleet."""
        ...


def lines(lamps: int = 12, meters: int = 2) -> list[str]:
    """Give the registry's lines: lamps of the north on feeder 12, meters of the south."""
    return [
        *(
            f"lamp-{n:04d},{_LAMPS[n % 3]},north,pole-{n},lamp,28.26,117.07,12,cell-{n % 2},arterial,"
            for n in range(lamps)
        ),
        *(
            f"meter-{n:04d},cjt188_water_v2004,south,tap-{n},customer,28.26,117.07,,cell-9,,{n:014d}"
            for n in range(meters)
        ),
    ]


def enrol(registry: Registry, rows: list[str]) -> None:
    """Bring devices with real profiles into a registry."""
    families = {name: str(profile.family) for name, profile in PROFILES.items()}
    imported = import_csv(registry, io.BytesIO("\n".join([_HEAD, *rows, ""]).encode()), families)
    assert [fault.told("sheet") for fault in imported.faults] == []


def furnish(stand: Sources, now_us: int) -> GroupRow:
    """Tell the lamps of feeder 12 to go to 40 %, let some answer, and tell a meter to close its valve."""
    asked = GroupAsk(Selection.of({"feeder": ["12"]}), LampLevel(40), Terms(), GROUP)
    group = order_group(stand.fleet(), stand.commands, asked, by="user:ann", now_us=now_us)
    sending = CommandSending(stand.commands.file.path)
    for device, verdict in (
        ("lamp-0000", True),
        ("lamp-0001", True),
        ("lamp-0003", False),
        ("lamp-0004", None),
    ):
        profile = _LAMPS[int(device[-4:]) % 3]
        claims, _ = sending.claim([Ready(device, profile, device)], CommandReason.ON_ANSWER, now_us=now_us)
        sending.left(claims, now_us=now_us)
        if verdict is not None:
            sending.heard([Heard(device, now_us + 5 * _S, verdict)], now_us=now_us + 5 * _S)
    sending.close()
    wish = wish_for(stand.fleet(), "meter-0000", Valve(is_open=False), now_us=now_us)
    stand.commands.put(wish, by="user:ann", now_us=now_us)
    return group
