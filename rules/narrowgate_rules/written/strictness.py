"""What can be told of a tree without values: that it is unknown, and that it remembers nothing."""

from collections.abc import Collection

from narrowgate_rules.written import nodes as n

_STRICT = (n.Magnitude, n.Negation, n.Slope, n.Steady, n.Window)
"""Unknown, and without any trace left in memory, where what they are made of is unknown."""


def is_unknown(node: n.Node, missing: Collection[str]) -> bool:
    """Tell whether a tree is unknown in readings without some columns, and leaves its memory as it was."""
    if isinstance(node, n.Value):
        return node.name in missing
    if isinstance(node, n.Binary | n.Compare):
        # Both sides, though one would make it unknown: the other one may remember something.
        is_whole = is_unknown(node.left, missing) and is_unknown(node.right, missing)
        return is_whole or _is_strict(node, missing)
    if isinstance(node, _STRICT):
        return is_unknown(node.of, missing)
    parts = _parts_that_must_be(node)
    return bool(parts) and all(is_unknown(part, missing) for part in parts)


def _parts_that_must_be(node: n.Node) -> tuple[n.Node, ...]:
    """Give the parts of which all must be unknown for a node to be so; none: it may always be known."""
    if isinstance(node, n.Both | n.Either | n.AnyOf | n.FirstKnown):
        return node.parts
    if isinstance(node, n.BeforeSwitch):
        return (node.of, node.key)
    return (node.level,) if isinstance(node, n.DimmingPower) else ()


def _is_strict(node: n.Binary | n.Compare, missing: Collection[str]) -> bool:
    """Tell whether one side is unknown and the other one remembers nothing."""
    sides = ((node.left, node.right), (node.right, node.left))
    return any(is_unknown(one, missing) and _is_forgetful(other) for one, other in sides)


def _is_forgetful(node: n.Node) -> bool:
    """Tell whether no part of a tree remembers anything."""
    if isinstance(node, n.Remembering):
        return False
    if isinstance(node, n.Binary | n.Compare):
        return _is_forgetful(node.left) and _is_forgetful(node.right)
    if isinstance(node, n.DimmingPower):
        return _is_forgetful(node.level)
    if isinstance(node, n.Magnitude | n.Negation | n.Known):
        return _is_forgetful(node.of)
    if isinstance(node, n.Both | n.Either | n.AnyOf | n.FirstKnown):
        return all(_is_forgetful(part) for part in node.parts)
    return True
