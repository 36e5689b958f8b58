"""What an expression may speak of, what it remembers, and what is wrong with it."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.units import PLAIN, Unit


class ExpressionFault(ValueError):
    """What is wrong with an expression, and where in its text."""

    def __init__(self, what: str, column: int) -> None:
        self.column = column
        """Character of the text, counted from 1."""
        super().__init__(what)


@dataclass(frozen=True)
class Names:
    """What an expression may speak of."""

    values: Mapping[str, Unit | Literal["condition"]]
    """Columns of the readings: a number's unit, or a flag."""
    thresholds: Mapping[str, Unit]
    attributes: Mapping[str, tuple[Unit, bool]]
    """Numbers of the registry: unit, and whether they are the asset's."""


@dataclass
class Memories:
    """The windows and memories of one rule, by number; equal ones are one."""

    nodes: list[n.Remembering] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    """Columns of the readings that the rule speaks of."""

    def keep(self, node: n.Remembering) -> n.Node:
        """Give a node with the number of its memory."""
        for known in self.nodes:
            if replace(known, memory=0) == node:
                return known
        numbered = replace(node, memory=len(self.nodes))
        self.nodes.append(numbered)
        return numbered


def unit_in(typed: n.Typed) -> Unit:
    """Give a number's unit; a literal is a plain number."""
    return typed.unit if isinstance(typed.unit, Unit) else PLAIN


def common_unit(typed: list[n.Typed], column: int) -> Unit | Literal["any"]:
    """Give the unit of numbers that stand together; ExpressionFault if they have not one."""
    units = [one.unit for one in typed if isinstance(one.unit, Unit)]
    for unit in units[1:]:
        if unit != units[0]:
            raise ExpressionFault(f"{units[0]} and {unit} cannot be put together", column)
    return units[0] if units else "any"


def column_of(tree: ast.expr) -> int:
    """Give where a part of an expression begins, counted from 1."""
    return tree.col_offset + 1
