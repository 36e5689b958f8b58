"""The edge on a disk whose sync takes as long as an SD card's: `python -m … DELAY_MS CONFIG HOME`."""

import os
import sys
import time
from pathlib import Path

from narrowgate_gateway.config import load
from narrowgate_gateway.process import start
from narrowgate_gateway.settings import Home


def _slow(delay_s: float) -> None:
    """Have every fdatasync take so much longer; it waits without the interpreter's lock, as a disk does."""
    sync = os.fdatasync

    def late(descriptor: int) -> None:
        sync(descriptor)
        time.sleep(delay_s)

    os.fdatasync = late  # type: ignore[assignment]


if __name__ == "__main__":
    _, delay_ms, config, root = sys.argv
    _slow(float(delay_ms) / 1e3)
    sys.exit(start("edge", load(Path(config)), Home(Path(root)), watch_input=True))
