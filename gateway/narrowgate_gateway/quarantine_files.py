"""Reading the files of the quarantine beside a running core, for verbs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click


def found(path: Path, sql: str, parameters: tuple[object, ...]) -> Iterator[dict[str, Any]]:
    """Give the rows of a file of the quarantine; none where there is no such file.

    Raises:
        click.ClickException: it cannot be read; names the file.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            yield from map(dict, connection.execute(sql, parameters))
    except sqlite3.Error as error:
        raise click.ClickException(f"{path}: {error}") from None
