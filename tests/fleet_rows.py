"""What the tests of the registry share: known profiles, imports and exports by text."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from narrowgate_fleet import Fleet, Imported, Registry, export_csv, import_csv

FAMILIES = {
    "cjt188_water_v2004": "water",
    "pni_placepod_v1": "parking",
    "huati_nb_v1": "lighting",
}
WATER = "cjt188_water_v2004"


def csv_text(header: str, *rows: str) -> str:
    """Give a CSV file's text."""
    return "\n".join([header, *rows]) + "\n"


def take(
    home: Path,
    text: str | bytes,
    *,
    families: Mapping[str, str] = FAMILIES,
    skip_bad: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Import a file given by its text."""
    content = text.encode() if isinstance(text, str) else text
    with Registry(home) as registry:
        return import_csv(registry, io.BytesIO(content), families, skip_bad=skip_bad, dry_run=dry_run)


def told(imported: Imported) -> list[str]:
    """Give the faults of an import as people see them."""
    return [fault.told("f.csv") for fault in imported.faults]


def exported(home: Path) -> str:
    """Give the registry as CSV text."""
    stream = io.StringIO()
    with Registry(home) as registry:
        export_csv(registry, stream)
    return stream.getvalue()


def fleet_of(home: Path) -> Fleet:
    """Load the current fleet."""
    return Fleet.load(home / "registry")


def slots_by_device(fleet: Fleet, devices: Iterable[str]) -> dict[str, int]:
    """Give the slot of each device."""
    names = list(devices)
    return dict(zip(names, fleet.slots(names).tolist(), strict=True))
