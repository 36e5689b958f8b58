"""The families: those that Narrowgate brings along and those of packages outside, all declared in files.

A package outside names its file in the entry-point group `narrowgate.families`, as `package:family.toml`; its
code is not run for it. A file that is missing, is not sound or takes what is taken stands in FAULTS and costs
nobody else anything. Families are known from the first import to the process's end, the same ones in each
process of an installation: Narrowgate's own, then the others by name.
"""

from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType

from narrowgate_schema.declared import Declaration
from narrowgate_schema.family_file import FamilyFaults, read_family

GROUP = "narrowgate.families"
BUILT_IN = ("water", "parking", "lighting")
_HERE = Path(__file__).parent / "families"

_declared: dict[str, Declaration] = {}


def _declare(file: Path, told: str) -> None:
    declaration = read_family(file.read_text(encoding="utf-8"), told, _declared)
    _declared[declaration.name] = declaration


def _place(entry: EntryPoint) -> Path:
    """Give the file that an entry point names, found as an import would find its package.

    Raises:
        ValueError: there is no such package, or it names no file.
    """
    package, _, file = entry.value.partition(":")
    spec = PathFinder.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"there is no package {package!r}")
    if not file.endswith(".toml"):
        raise ValueError(f"{entry.value!r} names no file: package:family.toml does")
    return Path(next(iter(spec.submodule_search_locations)), file)


def _adopted(entry: EntryPoint) -> str | None:
    """Declare what an entry point names; give what is wrong with it, or None."""
    source = "" if entry.dist is None else f" of {entry.dist.name}"
    told = f"{GROUP} {entry.name}{source}"
    try:
        _declare(_place(entry), told)
    except FamilyFaults as faults:
        return str(faults)
    except (OSError, ValueError) as error:
        return f"{told}: {error}"
    return None


for _name in BUILT_IN:
    _declare(_HERE / f"{_name}.toml", f"{_name}.toml")
_entries = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
FAULTS: tuple[str, ...] = tuple(fault for entry in _entries if (fault := _adopted(entry)) is not None)
"""What is wrong with the families of packages outside, one line each."""

DECLARED = MappingProxyType(_declared)
"""Every family's declaration by its name."""
OUTSIDE_FAMILIES = tuple(name for name in DECLARED if name not in BUILT_IN)
"""Those of packages outside."""


def outside_silence(family: str) -> str:
    """Give the name of the rule by which a device of a family outside is found silent."""
    return f"{family}_silent"
