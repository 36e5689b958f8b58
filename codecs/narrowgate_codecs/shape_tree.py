"""Which learned layout a content can be of: a tree of the bytes in which layouts of one length differ.

A grammar's walk goes by what it has looked at: of two contents of one length the walks are the same up to
the first byte in which they differ. So layouts of a length make a tree, and a content comes to the only one
that it can be of by the few bytes at which the tree parts. The others are compared with the layout's own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.learned import Learned
from narrowgate_codecs.wire import Bytes, Places

_NOTHING = -1
_FIRST_LEAF = -2
"""Below nothing: layouts, by number."""


def _leaf(number: int) -> int:
    return _FIRST_LEAF - number


class ShapeTree:
    """A tree for each length; nodes are as many as layouts at most."""

    def __init__(self, layouts: "list[Learned | None]") -> None:
        """Take the layouts by number, which others put and take away."""
        self._layouts = layouts
        self._roots = np.full(1, _NOTHING, np.int32)
        """By length; the last stands for all lengths that nothing was learned of."""
        self._place = np.zeros(1, np.int64)
        """(nodes,) [byte] at which a node parts."""
        self._depth: list[int] = [0]
        """How many bytes the walk looked at before that one."""
        self._child = np.full((1, 256), _NOTHING, np.int32)
        self._free: list[int] = [0]

    def find(self, data: Bytes, starts: Places, sizes: Places) -> Places:
        """Give the only layout that each content can be of, (n,); -1 where it can be of none."""
        at: NDArray[Any] = self._roots.take(np.minimum(sizes, len(self._roots) - 1))
        going = (at >= 0).nonzero()[0]
        while len(going):
            node = at[going]
            at[going] = self._child[node, data[starts[going] + self._place[node]]]
            going = going[at[going] >= 0]
        return np.where(at <= _FIRST_LEAF, _FIRST_LEAF - at.astype(np.int64), _NOTHING)

    def put(self, number: int) -> None:
        """Put a layout where it parts from the others of its length."""
        layout = self._own(number)
        if layout.size >= len(self._roots) - 1:
            grown = np.full(2 * layout.size + 2, _NOTHING, np.int32)
            grown[: len(self._roots)] = self._roots
            self._roots = grown
        root = int(self._roots[layout.size])
        if root == _NOTHING:
            self._roots[layout.size] = _leaf(number)
            return
        other = self._own(self._near(root, layout))
        depth = _parting(layout, other)
        path = self._path(layout, depth)
        below = path[-1][2]
        if below >= 0 and self._depth[below] == depth:
            self._child[below, layout.values[depth]] = _leaf(number)
            return
        node = self._node(layout.order[depth], depth)
        self._child[node, other.values[depth]] = below
        self._child[node, layout.values[depth]] = _leaf(number)
        self._hang(path[-1], layout.size, node)

    def take(self, number: int) -> None:
        """Take a layout out, and the node that parted it from one other."""
        layout = self._own(number)
        path = self._path(layout, len(layout.order))
        self._hang(path.pop(), layout.size, _NOTHING)
        if not path:
            return
        node = path[-1][2]
        left = (self._child[node] != _NOTHING).nonzero()[0]
        if len(left) == 1:
            self._hang(path[-1], layout.size, int(self._child[node, left[0]]))
            self._free.append(node)

    def _own(self, number: int) -> Learned:
        layout = self._layouts[number]
        if layout is None:
            raise KeyError(number)
        return layout

    def _near(self, at: int, layout: Learned) -> int:
        """Give a layout that goes with one as far as any does."""
        while at >= 0:
            row = self._child[at]
            at = int(row[layout.content[int(self._place[at])]])
            at = int(row[(row != _NOTHING).argmax()]) if at == _NOTHING else at
        return _FIRST_LEAF - at

    def _path(self, layout: Learned, depth: int) -> list[tuple[int, int, int]]:
        """Give the edges on the way of a layout to a depth, the root's first: (node, byte, what is below)."""
        at = int(self._roots[layout.size])
        path = [(_NOTHING, 0, at)]
        while at >= 0 and self._depth[at] < depth:
            byte = layout.values[self._depth[at]]
            below = int(self._child[at, byte])
            path.append((at, byte, below))
            at = below
        return path

    def _hang(self, edge: tuple[int, int, int], size: int, below: int) -> None:
        node, byte, _ = edge
        if node == _NOTHING:
            self._roots[size] = below
        else:
            self._child[node, byte] = below

    def _node(self, place: int, depth: int) -> int:
        if not self._free:
            count = len(self._depth)
            self._free.extend(range(2 * count - 1, count - 1, -1))
            self._depth += [0] * count
            self._place = np.concatenate([self._place, np.zeros(count, np.int64)])
            self._child = np.concatenate([self._child, np.full((count, 256), _NOTHING, np.int32)])
        node = self._free.pop()
        self._place[node], self._depth[node] = place, depth
        self._child[node] = _NOTHING
        return node


def _parting(layout: Learned, other: Learned) -> int:
    """Give after how many bytes two walks come to one in which they differ."""
    pairs = zip(layout.values, other.values, strict=False)
    return next(depth for depth, (one, another) in enumerate(pairs) if one != another)
