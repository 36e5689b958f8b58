"""Families of installed packages that are not sound, and those that a home has and no package brings."""

import os
from collections import Counter
from pathlib import Path

from narrowgate_fleet import Fleet, RegistryFault, seal_of
from narrowgate_gateway.config import Fault
from narrowgate_gateway.finding import Finding, Verdict
from narrowgate_gateway.settings import Home
from narrowgate_ingest.archive_files import Archived
from narrowgate_schema import families
from narrowgate_schema.words import Family

_KEPT = "no installed package brings it: its readings stay as they are, new frames wait in quarantine"


def family_faults() -> list[Fault]:
    """Give what is wrong with the families of installed packages."""
    heads = ((told, *told.partition(": ")[::2]) for told in families.FAULTS)
    return [Fault("installed packages", families.GROUP, head, why or told) for told, head, why in heads]


def gone_faults(home: Home, fleet: Fleet) -> list[Fault]:
    """Give a line for each family that a registry's devices are of and no package brings."""
    return [
        Fault(str(home.registry), "family", repr(name), f"{devices} devices; {_KEPT}")
        for name, devices in sorted(_of_devices(fleet).items())
    ]


def gone_findings(home: Home) -> list[Finding]:
    """Look for families in a home, by its devices and its archive, that no installed package brings."""
    try:
        devices = _of_devices(Fleet.load(home.registry, seal_of(os.environ)))
    except RegistryFault:
        devices = Counter()
    names = sorted({*devices, *_of_archive(home.archive)})
    return [Finding("families", name, f"{devices[name]} devices", Verdict.CAREFUL, _KEPT) for name in names]


def _of_devices(fleet: Fleet) -> Counter[str]:
    return Counter(
        str(name)
        for device, name in zip(fleet.column("device"), fleet.column("family"), strict=True)
        if device is not None and name is not None and Family.known(str(name)) is None
    )


def _of_archive(archive: Path) -> set[str]:
    folders = (archive / Archived.READINGS).glob("family=*")
    names = {folder.name.removeprefix("family=") for folder in folders}
    return {name for name in names if Family.known(name) is None}
