"""What a frame means: declarations over a closed vocabulary, decoded in batches.

Rule 1: nothing here opens a socket, a file or a clock; bytes in, columns out, and bytes never raise.
"""

from narrowgate_codecs.encode import encode
from narrowgate_codecs.registry import PROFILES

__all__ = ["PROFILES", "encode"]
