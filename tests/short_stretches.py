"""A role whose telemetry is compacted and let go of by few frames at a time, so that kills fall between.

python short_stretches.py narrowgate_gateway.process ROLE CONFIG HOME
"""

import runpy
import sys
from functools import partial
from pathlib import Path
from typing import Any

from narrowgate_gateway import archiving, core
from narrowgate_gateway.settings import Home
from narrowgate_ingest.retention import Retention
from narrowgate_ingest.telemetry import Telemetry

_FRAMES = 400
_LOOK_EVERY_S = 0.2


class _Short(Telemetry):
    """A telemetry store with short stretches."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.stretch_frames = _FRAMES


def short_arguments(role: str, config: Path, home: Home) -> tuple[str, ...]:
    """Give the arguments of one role's process."""
    return __file__, "narrowgate_gateway.process", role, str(config), str(home.root)


if __name__ == "__main__":
    vars(core)["Telemetry"] = _Short
    vars(archiving)["Retention"] = partial(Retention, look_every_s=_LOOK_EVERY_S)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__")
