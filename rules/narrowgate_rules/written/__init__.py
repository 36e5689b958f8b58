"""Rules that operators write in TOML: read, checked at load, and compiled to the operations of the engine.

Rule 1: nothing written is executed: an expression becomes a tree of a closed set of nodes, or a fault with
        its place.
Rule 2: a written rule is a `Rule` like any other; its memory has a bound that is known when it is loaded.
"""

from narrowgate_rules.written.rule_file import (
    RuleFault,
    RuleFaults,
    RuleFile,
    names_in,
    read_rule_file,
    read_rules,
)

__all__ = ["RuleFault", "RuleFaults", "RuleFile", "names_in", "read_rule_file", "read_rules"]
