"""The rule that the README shows."""

import re
from pathlib import Path

from narrowgate_rules.written import read_rules

README = Path(__file__).parents[2] / "README.md"


def test_the_rule_of_the_readme_is_one() -> None:
    """Whoever copies it has a rule without a fault."""
    [text] = re.findall(r"```toml\n(\[night_use\].*?)```", README.read_text("utf-8"), re.DOTALL)

    assert [rule.name for rule in read_rules(text, "README.md")] == ["night_use"]
