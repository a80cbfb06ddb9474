"""The workers of a Dask cluster, by the address of its scheduler."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor

from .._names import shown

DASK = "dask://"
_PATIENCE = 20  # seconds in which a scheduler answers


def on_dask(address: str) -> Callable[[], Executor]:
    """Return what connects to a scheduler at ``dask://host:port``, and again if that was restarted.

    Raises ImportError without Dask, ValueError for an address that is none, and ConnectionError where nobody answers.
    """
    host, _, port = address.removeprefix(DASK).rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"executor is dask://host:port, the address of a Dask scheduler, got {shown(address)}")
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError("studies on Dask need it; run: pip install 'tonicnet[sweep]'") from error

    def connected() -> Executor:
        try:
            executor: Executor = Client(f"tcp://{host}:{port}", timeout=_PATIENCE).get_executor()
        except OSError as error:
            raise ConnectionError(
                f"no Dask scheduler answers at {host}:{port}; start one with: dask scheduler --port {port}"
            ) from error
        return executor

    return connected


def gone(executor: Executor) -> bool:
    """Return whether an executor is one of a Dask client that has lost its scheduler for good.

    Its client then has looked for the scheduler as long as its timeout says. It leaves futures that never end.
    """
    if "distributed" not in sys.modules:
        return False
    from distributed.cfexecutor import ClientExecutor

    return isinstance(executor, ClientExecutor) and executor._client.status == "closed"
