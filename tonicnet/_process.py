"""Programs that tonicnet starts, and what becomes of them when it is interrupted: nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Any

from ._interrupt import Interrupts, uninterrupted

_PATIENCE = 2.0  # seconds for killed processes to be gone


def run(command: Sequence[str], *, timeout: float | None = None, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end and return its code and output; ``how`` is for :class:`subprocess.Popen`.

    Raises subprocess.TimeoutExpired after ``timeout`` seconds. Then, and at Ctrl-C or SIGTERM, the program and all
    that it has started is ended first.
    """
    with started(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how) as process:
        out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@contextlib.contextmanager
def started(command: Sequence[str], **how: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program in a group of its own; leaving the context in any way but the good one ends the whole group."""
    with Interrupts():
        process: subprocess.Popen[Any] | None = None
        try:
            with uninterrupted():
                process = subprocess.Popen(command, start_new_session=True, **how)
            yield process
        except BaseException:
            if process is not None:
                _kill(process)
            raise
        finally:
            if process is not None:
                with process:  # closes its pipes and waits for its end
                    pass
                _await_group(process.pid)


def _kill(process: subprocess.Popen[Any]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _await_group(group: int) -> None:
    """Wait until no process of a group is left, so that what it was writing can be removed."""
    until = time.monotonic() + _PATIENCE
    with contextlib.suppress(OSError):
        while hasattr(os, "killpg") and time.monotonic() < until:
            os.killpg(group, 0)
            time.sleep(0.01)
