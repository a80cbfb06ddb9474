"""Ctrl-C and a scheduler's SIGTERM: both end learning in good order."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interrupts:
    """While learning runs, SIGTERM interrupts it as Ctrl-C does, so that the checkpoint is written, and then acts.

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
