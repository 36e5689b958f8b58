"""What is told at once, for a whole batch: by what became of each datagram, as codes of answers."""

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_answers import RESET
from narrowgate_gateway.coap_columns import CON
from narrowgate_gateway.coap_messages import CODES
from narrowgate_gateway.coap_sorting import POST, PUT, Fate, Sorted
from narrowgate_schema.words import Answer

NOTHING = 0
_TOLD = {
    Fate.FORBIDDEN: CODES[Answer.FORBIDDEN],
    Fate.MALFORMED: RESET,
    Fate.BAD_OPTION: 0x82,
    Fate.PROXYING: 0xA5,
    Fate.TOO_LARGE: CODES[Answer.TOO_LARGE],
    Fate.PING: RESET,
    Fate.NOT_FOUND: 0x84,
    Fate.NOT_ALLOWED: 0x85,
}
_CODES = np.array([int(_TOLD.get(fate, NOTHING)) for fate in Fate], np.uint8)
_IS_FOR_CON = np.isin(np.arange(len(Fate)), (Fate.FORBIDDEN, Fate.MALFORMED, Fate.BAD_OPTION))
"""What only a confirmable message is told: it waits (RFC 7252, 4.2 and 5.4.1)."""


def refusals(batch: Sorted) -> NDArray[np.uint8]:
    """Give what each datagram is told, (n,): a code, RESET or NOTHING.

    A stranger is told that he is one where he waits for it with an uplink, and his nonsense is passed over.
    """
    fates, heads = batch.fates, batch.heads
    codes = _CODES[fates]
    is_silent = _IS_FOR_CON[fates] & (heads.kinds != CON)
    is_silent |= (fates == Fate.FORBIDDEN) & (heads.codes != POST) & (heads.codes != PUT)
    is_silent |= (fates == Fate.MALFORMED) & ~(batch.admitted & heads.is_ours)
    codes[is_silent] = NOTHING
    return codes
