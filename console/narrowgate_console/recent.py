"""Answers kept for a moment, so that twenty open browsers cost the stores what one does."""

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

Answer = TypeVar("Answer")


class Recent:
    """Gives the same answer for a while; asks once, however many threads want to know.

    A dear answer is kept longer than a cheap one, so that asking takes at most one DEAR-th of a core.
    """

    MOST = 64
    DEAR = 20

    def __init__(self, keep_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        """Keep answers.

        Args:
            keep_s: how long at least [s]; 0 keeps none.
            now_s: a clock that only goes forward [s].
        """
        self._keep_s = keep_s
        self._now_s = now_s
        self._answers: dict[Hashable, tuple[float, object]] = {}
        self._asking: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        """Give the kept answer, or a new one if that is too old; what `ask` raises is not kept."""
        with self._lock:
            if len(self._asking) >= self.MOST:
                self._answers.clear()
                self._asking.clear()
            asking = self._asking.setdefault(question, Lock())
        with asking:
            kept = self._answers.get(question)
            if kept is not None and self._now_s() < kept[0]:
                return kept[1]  # type: ignore[return-value]  # a question has one type of answer
            began_s = self._now_s()
            answer = ask()
            ended_s = self._now_s()
            if self._keep_s > 0:
                keep_s = max(self._keep_s, self.DEAR * (ended_s - began_s))
                self._answers[question] = (ended_s + keep_s, answer)
            return answer
