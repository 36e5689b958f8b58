"""One letter on its way to a GeoReport server: what it says, and what is known of its case there."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from narrowgate_cases.lifecycle import RUNNING_STATES, State
from narrowgate_cases.open311_client import ServerRefused
from narrowgate_cases.open311_links import Link, Stage, set_link
from narrowgate_cases.outbox import Letter


@dataclass(frozen=True)
class Manners:
    """How one server is dealt with."""

    can_be_asked: bool = True
    """Whether it lists requests with their descriptions; if not, what times out may be posted twice."""
    has_updates: bool = False
    """Whether it has `servicerequestupdates`."""
    ask_after_s: float = 30.0
    """How long a server may still be storing what it gave no answer to [s]."""


class FormRefused(Exception):
    """What was posted was answered with 400, and the server does not have it."""

    def __init__(self, refused: ServerRefused) -> None:
        super().__init__(str(refused))
        self.refused = refused


@dataclass(frozen=True)
class Turn:
    """A letter that is being brought."""

    connection: sqlite3.Connection
    endpoint: str
    """The server's name in the outbox."""
    letter: Letter
    said: dict[str, Any]
    now_s: float
    link: Link | None
    began_s: float
    """When this process began [s]: what is older may have been posted by one before it."""

    @property
    def since_s(self) -> float:
        """When something of the case may first have been posted, or its letter was put in [s]."""
        put_at_s = float(self.letter.put_at_s)
        return put_at_s if self.link is None else min(self.link.first_at_s, put_at_s)

    @property
    def is_to_be_told(self) -> bool:
        """Whether there is still something to mend."""
        return State(self.said["state"]) in (*RUNNING_STATES, State.DEFERRED)

    @property
    def may_be_posted(self) -> bool:
        """Whether the server may have it."""
        return self.link is not None and self.link.stage is Stage.POSTING

    @property
    def is_tried(self) -> bool:
        """Whether it may have been brought before: by another process, or to a server that failed."""
        return self.letter.put_at_s <= self.began_s or self.letter.attempts > 0

    def note(self, **values: object) -> None:
        """Note what is known of the case there."""
        set_link(self.connection, self.endpoint, self.letter.case_id, **values)
