"""The row engine: resources gathered to items, one for each instance of an object and each instant."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from narrowgate_codecs import resources as res
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Said, Scope
from narrowgate_codecs.senml import RELATIVE_S
from narrowgate_codecs.values import value_of
from narrowgate_schema.words import Reason

_US = 1_000_000
_PATH = re.compile(r"/?(\d{1,5})/(\d{1,5})/(\d{1,5})(?:/(\d{1,5}))?", re.ASCII)
_MOST = 1 << 16
_PATHS = 4096
"""Names whose paths are kept."""


@dataclass(frozen=True, slots=True)
class Path:
    """Which resource a value belongs to."""

    object: int
    instance: int
    resource: int
    at: int | None = None

    def __str__(self) -> str:
        """Give the path as LwM2M writes it."""
        tail = "" if self.at is None else f"/{self.at}"
        return f"/{self.object}/{self.instance}/{self.resource}{tail}"


@lru_cache(maxsize=_PATHS)
def path_of(name: str) -> Path | None:
    """Give the path that a SenML name is; None for another name."""
    found = _PATH.fullmatch(name)
    if found is None:
        return None
    numbers = [None if part is None else int(part) for part in found.groups()]
    if any(number is not None and number >= _MOST for number in numbers):
        return None
    return Path(*numbers)  # type: ignore[arg-type]  # the first three are there


class Known:
    """What a declaration knows: its resources and the elements that say them, by object and id."""

    def __init__(self, element: res.Resources) -> None:
        self.name = element.name
        self.objects: dict[int, dict[int, res.Resource]] = {}
        self.leaves: dict[tuple[int, int], res.ResourceLeaf] = {}
        for one in res.all_of(element):
            known = {resource.id: resource for resource in one.resources}
            self.objects[one.id] = {**known, res.TIMESTAMP: res.STAMP}
            self.leaves |= {(one.id, number): res.leaf_of(resource) for number, resource in known.items()}

    def find(self, path: Path) -> res.Resource | None:
        """Give the resource of a path, or None if it is not known."""
        return self.objects.get(path.object, {}).get(path.resource)


def dated(time_us: int) -> list[Said]:
    """Give what says a record's instant: a time, or its distance from reception; [] for neither."""
    if time_us >= RELATIVE_S * _US:
        return [Said(res.CLOCK, time_us, 0, 0)]
    return [Said(res.OFFSET, time_us, 0, 0)] if time_us else []


@dataclass(slots=True)
class Items:
    """The items of a frame, in the order in which they were first met."""

    known: Known
    scope: Scope
    made: dict[tuple[int, int], Scope] = field(default_factory=dict)
    """By instance and instant [us], reception's where it is below RELATIVE_S seconds."""
    stamps: dict[tuple[int, int], Said] = field(default_factory=dict)

    def put(
        self, path: Path, resource: res.Resource, time_us: int, read: Callable[[], Any], start: int, stop: int
    ) -> bool:
        """Add a value, and tell whether it is sound; if not, that is a fault of the frame's.

        Args:
            path: of the value.
            resource: what stands there.
            time_us: instant of the record [us]; 0 for none.
            read: gives the raw value, or refuses it.
            start: first byte of the value.
            stop: its end.
        """
        try:
            self._put(path, resource, time_us, read(), start, stop)
        except FrameRefused as refused:
            self.scope.faults.append(refused)
            return False
        return True

    def _put(self, path: Path, resource: res.Resource, time_us: int, raw: Any, start: int, stop: int) -> None:
        if path.instance >= res.MOST_INSTANCES:
            raise FrameRefused(Reason.MODEL, f"byte {start}: {path}: 0 to {res.MOST_INSTANCES - 1} are read")
        if resource.many is not (path.at is not None):
            raise FrameRefused(Reason.MODEL, f"byte {start}: {path}: no such instance of {resource.name}")
        key = (path.instance, time_us)
        if resource.id == res.TIMESTAMP:
            self._item(key)
            self.stamps[key] = Said(res.CLOCK, raw * _US, start, stop)
            return
        leaf = self.known.leaves[path.object, path.resource]
        said = Said(leaf, raw, start, stop)
        value_of(said, self.scope)
        item = self._item(key)
        if path.at is None:
            item.said.append(said)
            return
        inner = Scope(item.frame, item.end, f"{item.place}{resource.name}[{path.at}].", item)
        inner.said = [Said(res.AT, path.at, start, stop), said]
        item.lists.setdefault(resource.name, []).append(inner)

    def _item(self, key: tuple[int, int]) -> Scope:
        item = self.made.get(key)
        if item is None:
            scope = self.scope
            item = Scope(scope.frame, scope.end, f"{scope.place}{self.known.name}[{len(self.made)}].", scope)
            item.said.append(Said(res.INSTANCE, key[0], 0, 0))
            self.made[key] = item
        return item

    def other(self, said: list[Said]) -> None:
        """Add what stands for no known resource."""
        others = self.scope.lists.setdefault(res.OTHERS, [])
        place = f"{self.scope.place}{res.OTHERS}[{len(others)}]."
        others.append(Scope(self.scope.frame, self.scope.end, place, self.scope, said=said))

    def finish(self) -> None:
        """Date the items and hang them under their frame."""
        for key, item in self.made.items():
            stamp = self.stamps.get(key)
            item.said.extend(dated(key[1]) if stamp is None else [stamp])
        self.scope.lists[self.known.name] = list(self.made.values())
