"""How edge and core keep their memory near to what they use: the bound is theirs on a machine of any size.

Rule 1: each is called once, before the process has threads or large arrays.

Allocators keep what was freed: glibc one arena for each thread that ever asked a store, Arrow's default pool
the peak of each. Pages, queries and batches come in bursts, so what they leave behind was most of the core.
"""

import ctypes
import sys
from collections.abc import Collection, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_GLIBC = {"M_TRIM_THRESHOLD": -1, "M_MMAP_THRESHOLD": -3, "M_ARENA_MAX": -8}
"""Options of mallopt(3), by malloc.h."""
_RETURNED_BYTES = 64 << 10
"""From this size on, what is freed goes back to the system at once."""
_ARENAS = 2
_SPARE = frozenset(
    {"pandas", "aiohttp", "requests", "pyarrow._s3fs", "pyarrow._gcsfs", "pyarrow._azurefs", "pyarrow._hdfs"}
)
_ALLOCATORS = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "DUCKDB_JE_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0",
}
"""Nobody but glibc keeps what was freed; the options of DuckDB's jemalloc have the words of its manual."""


def keep_small() -> None:
    """Have the allocators give back what is freed; a C library without mallopt is left as it is."""
    import pyarrow as pa  # not before the environment was seen to

    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_GLIBC["M_ARENA_MAX"], _ARENAS)
    mallopt(_GLIBC["M_MMAP_THRESHOLD"], _RETURNED_BYTES)
    mallopt(_GLIBC["M_TRIM_THRESHOLD"], _RETURNED_BYTES)


class _Without(MetaPathFinder):
    """Says of some packages and modules that they are not installed."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse what is named; of anything else this finder knows nothing."""
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def load_little() -> None:
    """Have this process do without what is spare.

    Arrow loads pandas, where it is installed, with the first array, and clients of object stores with the
    first file; the pages' toolkit loads HTTP clients for a side of its sockets that is not ours. That is up
    to 50 MB of each process, and nothing here asks for it.
    """
    sys.meta_path.insert(0, _Without(_SPARE))


def environment(role: str) -> dict[str, str]:
    """Give what a role's process is to find in its environment before it loads anything large.

    Arrow decides at its import where its own parts allocate, and DuckDB's allocator reads its options when
    it is loaded. The edge asks no store, and what it allocates is quickly used again.
    """
    return _ALLOCATORS if role == "core" else {}
