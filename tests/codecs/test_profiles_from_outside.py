"""A package outside adds a device by its entry point, and a bad one costs nobody else anything."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from narrowgate_codecs.registry import BUILT_IN

_PROFILE = '''
    """A tilt-free lamp of a maker that Narrowgate has never heard of."""
    from narrowgate_codecs.elements import Int
    from narrowgate_codecs.profile import Carry, Profile, Reading
    from narrowgate_schema.words import Family

    PROFILE = Profile(
        name="acme_lamp_v1",
        family=Family.LIGHTING,
        device="ACME lamp",
        source="ACME's own sheet",
        up=(Int("power_w", 2, per=10),),
        down=(),
        readings=(Reading("frame", (Carry("power_w"),)),),
    )
'''
_ASK = """
    import json
    from zoneinfo import ZoneInfo
    from narrowgate_codecs import PROFILES, Context, decode, uplinks_from
    from narrowgate_codecs.registry import FAULTS
    told = {"profiles": sorted(PROFILES), "faults": FAULTS, "power_w": None}
    if "acme_lamp_v1" in PROFILES:
        frames = [bytes([1, at]) for at in range(20)]
        context = Context(["lamp"] * 20, ["acme_lamp_v1"] * 20, ZoneInfo("UTC"))
        decoded = decode(uplinks_from(frames, received_at_us=0), context)
        told["power_w"] = decoded.readings["lighting"].column("power_w").to_pylist()[:2]
        told["by_row"] = decoded.by_row
    print(json.dumps(told))
"""


def _install(folder: Path, module: str, source: str, entry: str) -> None:
    """Lay a package down as an installer does: its module and its metadata."""
    (folder / f"{module}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[narrowgate.profiles]\n{entry}\n")


def _asked(folder: Path) -> dict[str, Any]:
    script = f"import sys\nsys.path.insert(0, {str(folder)!r})\n{textwrap.dedent(_ASK)}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_package_outside_adds_a_device(tmp_path: Path) -> None:
    """An installed package's profile is decoded like Narrowgate's own, by a plan."""
    _install(tmp_path, "acme_profiles", _PROFILE, "lamp = acme_profiles:PROFILE")

    told = _asked(tmp_path)

    assert (told["faults"], told["power_w"], told["by_row"]) == ([], [25.6, 25.7], 0)


def test_package_that_cannot_be_loaded_is_a_fault(tmp_path: Path) -> None:
    """A package without what it promises is told in one line; the other profiles are there."""
    _install(tmp_path, "acme_profiles", _PROFILE, "lamp = acme_profiles:NOTHING")

    told = _asked(tmp_path)

    assert (told["faults"], len(told["profiles"])) == (
        ["narrowgate.profiles lamp of acme_profiles: module 'acme_profiles' has no attribute 'NOTHING'"],
        len(BUILT_IN),
    )


def test_package_cannot_take_a_name(tmp_path: Path) -> None:
    """A package that takes a name of Narrowgate's own is a fault; the name keeps its meaning."""
    source = _PROFILE.replace("acme_lamp_v1", "huati_nb_v1")
    _install(tmp_path, "acme_profiles", source, "lamp = acme_profiles:PROFILE")

    told = _asked(tmp_path)

    assert told["faults"] == [
        "narrowgate.profiles lamp of acme_profiles: huati_nb_v1: there is a profile of that name"
    ]


def test_package_with_a_callable_is_a_fault(tmp_path: Path) -> None:
    """A package whose declaration holds a callable is turned down with its place."""
    source = _PROFILE.replace("per=10", "per=len")
    _install(tmp_path, "acme_profiles", source, "lamp = acme_profiles:PROFILE")

    told = _asked(tmp_path)

    assert told["faults"] == [
        "narrowgate.profiles lamp of acme_profiles: "
        "acme_lamp_v1.up.power_w.per: a callable is not in the vocabulary of declarations"
    ]
