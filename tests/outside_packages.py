"""Packages outside laid down as an installer does, and the environment in which processes find them."""

import os
import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


def installed(examples: Iterable[Path], folder: Path) -> Path:
    """Install packages into a folder: their modules, and metadata made of their pyproject."""
    folder.mkdir(parents=True, exist_ok=True)
    for example in examples:
        project = tomllib.loads((example / "pyproject.toml").read_text(encoding="utf-8"))
        for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
            shutil.copytree(example / package, folder / package)
        name, version = project["project"]["name"], project["project"]["version"]
        metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = []
        for group, entries in project["project"]["entry-points"].items():
            lines += [f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items())]
        (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Give the environment of a process in which a folder's packages are installed."""
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
