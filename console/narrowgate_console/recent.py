"""Answers kept for a moment, so that twenty open browsers cost the stores what one does."""

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

Answer = TypeVar("Answer")


class Recent:
    """Gives the same answer for `keep_s` seconds; asks once, however many threads want to know."""

    MOST = 64

    def __init__(self, keep_s: float) -> None:
        """Keep answers for `keep_s` [s], at most MOST of them; 0 keeps none."""
        self._keep_s = keep_s
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
            if kept is not None and time.monotonic() < kept[0]:
                return kept[1]  # type: ignore[return-value]  # a question has one type of answer
            answer = ask()
            self._answers[question] = (time.monotonic() + self._keep_s, answer)
            return answer
