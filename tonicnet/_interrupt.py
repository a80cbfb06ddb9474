"""Ctrl-C and a scheduler's SIGTERM: both end work in good order."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any


class Interrupts:
    """While this lasts, SIGTERM interrupts as Ctrl-C does, so that files are written and removed, and then acts.

    ``seen`` is set by whoever caught the KeyboardInterrupt. Off the main thread signals are left alone.
    """

    def __init__(self) -> None:
        self.seen = False
        self._terminated = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._terminate)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
        if self._terminated:
            signal.raise_signal(signal.SIGTERM)

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._terminated = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the end of a few steps that belong together."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {one: signal.signal(one, lambda number, _: came.append(number)) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
        for number in came[:1]:
            signal.raise_signal(number)
