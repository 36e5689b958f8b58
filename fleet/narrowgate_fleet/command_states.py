"""What becomes of a command: its states, which may follow which, and the closed set of reasons."""

from enum import StrEnum


class CommandState(StrEnum):
    """Where a command stands."""

    PENDING = "PENDING"
    """It waits for its device's next word."""
    SENT = "SENT"
    """It may have left: this is written before its first byte leaves."""
    DELIVERED = "DELIVERED"
    """The device has it; the last word where its layout has no answer."""
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    """It was sent and nothing tells what became of it."""
    EXPIRED = "EXPIRED"
    """It was never sent within its time."""
    CANCELED = "CANCELED"


class CommandReason(StrEnum):
    """Why a command came to its state."""

    PUT = "put"
    ON_ANSWER = "on_answer"
    """It rides on the answer to an uplink."""
    BY_MESSAGE = "by_message"
    """It goes as a message of its own while the device listens."""
    TO_BROKER = "to_broker"
    NOT_LEFT = "not_left"
    """No byte of it left: the attempt does not count."""
    ACKNOWLEDGED = "acknowledged"
    """The device's own transport acknowledged it."""
    NEXT_WORD = "next_word"
    """The device went on to another exchange after the answer that it rode on."""
    CARRIED_OUT = "carried_out"
    NOT_CARRIED_OUT = "not_carried_out"
    """The device answered that it did not."""
    REFUSED = "refused"
    """The device refused the message."""
    UNANSWERED = "unanswered"
    """The device spoke again and did not answer: it is sent once more."""
    ATTEMPTS_SPENT = "attempts_spent"
    """As often as it may be sent it was, and never answered."""
    NEVER_REPEATED = "never_repeated"
    """It was sent once and not answered; to send it again could do harm."""
    TOO_OLD = "too_old"
    """Its time was over before it could be sent, or before an answer came."""
    SUPERSEDED = "superseded"
    """A newer command says what it said."""
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    """It waited when a backup was made, and may have left since: to send it again could do harm."""
    PROFILE_CHANGED = "profile_changed"
    """The device has another profile now: what was made for the old one is not sent."""


_S = CommandState
FOLLOWERS: dict[CommandState, frozenset[CommandState]] = {
    _S.PENDING: frozenset({_S.SENT, _S.SUCCESSFUL, _S.FAILED, _S.TIMEOUT, _S.EXPIRED, _S.CANCELED}),
    _S.SENT: frozenset({_S.PENDING, _S.DELIVERED, _S.SUCCESSFUL, _S.FAILED, _S.TIMEOUT}),
    _S.DELIVERED: frozenset({_S.PENDING, _S.SUCCESSFUL, _S.FAILED, _S.TIMEOUT}),
    _S.SUCCESSFUL: frozenset(),
    _S.FAILED: frozenset(),
    _S.TIMEOUT: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.CANCELED: frozenset(),
}
"""Which states may follow a state; a command that waits again after an attempt may still be answered."""
