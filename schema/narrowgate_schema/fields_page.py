"""The page of the field table, made from the table.

python -m narrowgate_schema.fields_page ROOT writes docs/fields.md below ROOT.
"""

import sys
from pathlib import Path

from narrowgate_schema.declared import SHARED, Column
from narrowgate_schema.families import BUILT_IN, DECLARED

_HEAD = """\
# Fields of a reading

Every name that a reading may carry, with its type, its unit (UCUM) and what it means where it is not there. A
name has one type and one meaning everywhere: in Arrow, DuckDB, InfluxDB, Parquet, the API and `narrowgate
decode`. The key of a reading is (`device`, `series`, `time`). A family may gain fields; these do not change.
[A family of your own](add-a-family.md) brings fields of its own. This page is made by
`python -m narrowgate_schema.fields_page .`
"""
_TABLE = "| field | type | unit | kind | where it is null |\n|---|---|---|---|---|"


def page() -> str:
    """Give the page in Markdown."""
    parts = [_HEAD, "## Every family", "", _TABLE, *map(_row, SHARED), ""]
    for name in BUILT_IN:
        parts += [f"## {name.capitalize()}", "", _TABLE, *map(_row, DECLARED[name].columns), ""]
    return "\n".join(parts)


def _row(field: Column) -> str:
    return f"| `{field.name}` | {field.dtype} | {field.unit or '–'} | {field.kind} | {field.null} |"


if __name__ == "__main__":
    (Path(sys.argv[1]) / "docs" / "fields.md").write_text(page(), encoding="utf-8")
