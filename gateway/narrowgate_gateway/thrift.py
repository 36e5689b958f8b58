"""How edge and core keep their memory near to what they use: the bound is theirs on a machine of any size.

Rule 1: called once, before the process has threads or large arrays.

Allocators keep what was freed: glibc one arena for each thread that ever asked a store, Arrow's default pool
the peak of each. Pages, queries and batches come in bursts, so what they leave behind was most of the core.
"""

import ctypes
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa

_GLIBC = {"M_TRIM_THRESHOLD": -1, "M_MMAP_THRESHOLD": -3, "M_ARENA_MAX": -8}
"""Options of mallopt(3), by malloc.h."""
_RETURNED_BYTES = 64 << 10
"""From this size on, what is freed goes back to the system at once."""
_ARENAS = 2


def keep_small() -> None:
    """Have the allocators give back what is freed; a C library without mallopt is left as it is."""
    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_GLIBC["M_ARENA_MAX"], _ARENAS)
    mallopt(_GLIBC["M_MMAP_THRESHOLD"], _RETURNED_BYTES)
    mallopt(_GLIBC["M_TRIM_THRESHOLD"], _RETURNED_BYTES)


class _Without(MetaPathFinder):
    """Says of one package that it is not installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse the package; of any other this finder knows nothing."""
        if name == self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def without_pandas() -> None:
    """Have this process do without pandas: Arrow loads it, where it is installed, with the first array.

    It takes 35 MB of each process and half a second of its start, and nothing here asks for it.
    """
    sys.meta_path.insert(0, _Without("pandas"))
