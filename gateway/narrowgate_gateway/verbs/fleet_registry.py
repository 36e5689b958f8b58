"""What the verbs of `narrowgate fleet` share: the registry, files with a bar, faults as people see them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from narrowgate_fleet import Fault, Registry

FAULTS_SHOWN = 20


@contextmanager
def opened_registry(home: Path, *, create: bool) -> Iterator["Registry"]:
    """Open the registry of a home; what is wrong with it is one line for the user."""
    from narrowgate_fleet import Registry, RegistryFault

    try:
        with Registry(home, create=create) as registry:
            yield registry
    except RegistryFault as fault:
        raise click.ClickException(str(fault)) from fault


@contextmanager
def opened(file: str) -> Iterator[tuple[BinaryIO, Callable[[int], None] | None]]:
    """Give the file's bytes and, on a terminal, a bar to tell of them."""
    if file == "-":
        yield sys.stdin.buffer, None
        return
    if not Path(file).exists():
        raise click.UsageError(f"{file}: no such file")
    with Path(file).open("rb") as stream:
        if not sys.stderr.isatty():
            yield stream, None
            return
        size = Path(file).stat().st_size
        with click.progressbar(
            length=size, update_min_steps=max(size // 500, 1), label=f"reading {file}", file=sys.stderr
        ) as bar:
            yield stream, bar.update


def write_errors(errors: Path, file: str, faults: list["Fault"]) -> None:
    """Write all faults of a file as CSV."""
    import csv

    with errors.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["file", "line", "column", "value", "should"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(fault.as_json(file) for fault in faults)


def faults_told(file: str, faults: list["Fault"], errors: Path | None, *, is_applied: bool = False) -> str:
    """Give the faults of a file as people see them, the first ones by line."""
    lines = [fault.told(file) for fault in faults[:FAULTS_SHOWN]]
    if len(faults) > FAULTS_SHOWN:
        where = f"all are in {errors}" if errors is not None else "--errors FILE keeps them all"
        lines.append(f"… and {len(faults) - FAULTS_SHOWN} more ({where})")
    outcome = "the other rows were taken" if is_applied else "nothing was changed"
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return "\n".join([f"{count} in {file}; {outcome}", *lines])
