"""What a frame means: declarations over a closed vocabulary, decoded in batches.

Rule 1: nothing here opens a socket, a file or a clock; bytes in, columns out, and bytes never raise.
"""

from narrowgate_codecs.commands import Downlink, carried_out, command_kinds, encode_command
from narrowgate_codecs.context import Context, Decoded
from narrowgate_codecs.decode import decode
from narrowgate_codecs.detect import candidates, detected, ranked
from narrowgate_codecs.encode import encode, messages, port_of, ports_of
from narrowgate_codecs.explain import explain
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.registry import PROFILES
from narrowgate_codecs.uplinks import uplinks_from

__all__ = [
    "PROFILES",
    "Context",
    "Decoded",
    "Downlink",
    "Profile",
    "candidates",
    "carried_out",
    "command_kinds",
    "decode",
    "detected",
    "encode",
    "encode_command",
    "explain",
    "messages",
    "port_of",
    "ports_of",
    "ranked",
    "uplinks_from",
]
