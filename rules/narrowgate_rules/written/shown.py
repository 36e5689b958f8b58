"""What a written rule shows: the evidence of its findings, and what it cannot decide."""

from collections.abc import Iterator

from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.vocabulary import Memories


def evidence(memories: Memories) -> dict[str, n.Node]:
    """Give what a finding shows: the columns that the rule speaks of, and its windows."""
    shown: dict[str, n.Node] = {name: n.Value(name) for name in sorted(memories.columns)}
    for node in memories.nodes:
        if isinstance(node, n.Window):
            of = next(_columns_in(node.of), "readings")
            shown[f"{node.aggregate}_{of}_{_span(node.span_us)}"] = node
    return shown


def undecided(memories: Memories) -> str:
    """Say what a written rule cannot decide."""
    names = ", ".join(f"`{name}`" for name in sorted(memories.columns))
    told = f"A reading in which {names or 'what it asks for'} is missing where it matters proves nothing"
    spans = sorted({node.span_us for node in memories.nodes if isinstance(node, n.Window)})
    window = f"; nor does one before {_span(spans[-1])} of readings without a longer hole" if spans else ""
    return f"{told}{window}. After a hole of more than `longest_hole_h` the hold begins anew."


def _columns_in(node: n.Node) -> Iterator[str]:
    if isinstance(node, n.Value):
        yield node.name
    for part in vars(node).values():
        for child in part if isinstance(part, tuple) else (part,):
            if hasattr(child, "__dataclass_fields__"):
                yield from _columns_in(child)


def _span(span_us: int) -> str:
    seconds = span_us // 1_000_000
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
