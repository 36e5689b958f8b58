"""Block-wise uploads (RFC 7959, Block1) joined in a memory of fixed size: the oldest unfinished gives way."""

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b

from aiocoap import Message
from aiocoap.numbers.codes import Code
from aiocoap.numbers.constants import TransportTuning
from aiocoap.numbers.optionnumbers import OptionNumber

UPLOAD_LIFETIME_S = TransportTuning().MAX_TRANSMIT_WAIT
"""How long the next block may take [s]."""

MOST_BYTES = 8 << 20
"""What all uploads may take together, the bookkeeping of each included [B]."""

BOOKKEEPING_BYTES = 1 << 10
_RESERVED_EXPONENT = 7
_NOT_IN_KEY = {int(number) for number in (OptionNumber.BLOCK1, OptionNumber.BLOCK2, OptionNumber.OBSERVE)}
_CACHE_BITS, _NO_CACHE_KEY = 0x1E, 0x1C
"""By these an option's number says that it makes no other request (RFC 7252, 5.4.6)."""


@dataclass
class _Upload:
    first_message_id: int
    touched_s: float
    payload: bytearray = field(default_factory=bytearray)

    @property
    def cost_bytes(self) -> int:
        return len(self.payload) + BOOKKEEPING_BYTES


class Blocks:
    """Joins blocks; a block that comes again changes nothing, also after the last."""

    def __init__(self, max_payload_bytes: int, most_bytes: int = MOST_BYTES) -> None:
        """Take payloads up to a length, and hold uploads up to a sum."""
        self._max_payload_bytes = max_payload_bytes
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._uploads: OrderedDict[bytes, _Upload] = OrderedDict()

    def __len__(self) -> int:
        """Give the number of uploads that are held."""
        return len(self._uploads)

    def feed(self, endpoint: str, block: Message, now_s: float) -> bytes | Code:
        """Take a block; give the whole payload after the last one, else what its sender is told.

        Args:
            endpoint: who sends.
            block: a request with the Block1 option.
            now_s: monotonic time [s].
        """
        if block.opt.block1.size_exponent == _RESERVED_EXPONENT:
            return Code.BAD_REQUEST
        self._forget_stale(now_s)
        key = _key(endpoint, block)
        upload = self._take_out(key)
        if block.opt.block1.start + len(block.payload) > self._max_payload_bytes:
            return Code.REQUEST_ENTITY_TOO_LARGE
        if block.opt.block1.block_number == 0 and (upload is None or upload.first_message_id != block.mid):
            upload = _Upload(block.mid, now_s)
        if upload is None or not _joined(upload.payload, block):
            return Code.REQUEST_ENTITY_INCOMPLETE
        upload.touched_s = now_s
        self._hold(key, upload)
        return Code.CONTINUE if block.opt.block1.more else bytes(upload.payload)

    def _take_out(self, key: bytes) -> _Upload | None:
        upload = self._uploads.pop(key, None)
        if upload is not None:
            self._held_bytes -= upload.cost_bytes
        return upload

    def _hold(self, key: bytes, upload: _Upload) -> None:
        """Hold an upload as the newest; the oldest are forgotten where there is no room."""
        self._uploads[key] = upload
        self._held_bytes += upload.cost_bytes
        while self._held_bytes > self._most_bytes:
            self._take_out(next(iter(self._uploads)))

    def _forget_stale(self, now_s: float) -> None:
        while self._uploads:
            oldest = next(iter(self._uploads))
            if now_s - self._uploads[oldest].touched_s <= UPLOAD_LIFETIME_S:
                return
            self._take_out(oldest)


def _joined(payload: bytearray, block: Message) -> bool:
    """Append a block that follows; tell whether it does, or is one that is there already."""
    start: int = block.opt.block1.start
    if start == len(payload):
        payload += block.payload
        return True
    return bool(block.payload) and payload[start : start + len(block.payload)] == block.payload


def _key(endpoint: str, block: Message) -> bytes:
    """Give the name of an upload: who sends what where."""
    name = [f"{endpoint} {int(block.code)}".encode()]
    for option in block.opt.option_list():
        number = int(option.number)
        if number not in _NOT_IN_KEY and number & _CACHE_BITS != _NO_CACHE_KEY:
            value = option.encode()
            name += [b" %d %d " % (number, len(value)), value]
    return blake2b(b"".join(name), digest_size=16).digest()
