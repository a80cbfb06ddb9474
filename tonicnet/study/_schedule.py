"""Running work: as much at a time as the engine takes, lost workers tried again, one answer for each piece."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from ._engine import Engine
from ._processes import NoWorkers
from ._work import Reply, Work

_LOOK = 1.0  # seconds without an answer after which the engine is looked after


@dataclass(frozen=True)
class _Try:
    key: str
    sent: bytes
    lost: int = 0


def performed(works: Iterator[Work], engine: Engine, retries: int) -> Iterator[tuple[str, Reply]]:
    """Yield the key of each piece of work and its reply, as they come.

    A piece whose worker was lost is sent again, ``retries`` times; what its own code raises is a reply, and would be
    raised again. Executors may answer in any order and more than once.
    """
    done: SimpleQueue[Future[Reply]] = SimpleQueue()
    flying: dict[Future[Reply], _Try] = {}
    again: deque[_Try] = deque()
    try:
        while True:
            for one in _next(works, again, engine.width - len(flying)):
                refused = _send(one, engine, flying, done)
                if refused:
                    yield one.key, refused
            if not flying:
                return
            for future in _answered(done, flying, engine):
                sent = flying.pop(future, None)
                if sent is None:
                    continue
                reply = _reply(future)
                if isinstance(reply, Reply):
                    yield sent.key, reply
                elif sent.lost < retries:
                    again.append(replace(sent, lost=sent.lost + 1))
                else:
                    yield sent.key, Reply(failure=_lost(sent.lost + 1, reply))
    finally:
        for future in flying:
            future.cancel()


def _answered(
    done: SimpleQueue[Future[Reply]], flying: dict[Future[Reply], _Try], engine: Engine
) -> list[Future[Reply]]:
    """Wait for the next answer; return all that was sent where none will come."""
    while True:
        try:
            return [done.get(timeout=_LOOK)]
        except Empty:
            if engine.gone():
                return list(flying)


def _send(
    one: _Try, engine: Engine, flying: dict[Future[Reply], _Try], done: SimpleQueue[Future[Reply]]
) -> Reply | None:
    """Send a piece of work; return a reply only where its executor takes none."""
    try:
        future = engine.submit(one.sent)
    except Exception as error:
        return Reply(failure=f"the executor takes no more jobs ({type(error).__name__}: {error}); give a new one")
    flying[future] = one
    future.add_done_callback(done.put)
    return None


def _next(works: Iterator[Work], again: deque[_Try], room: int) -> Iterator[_Try]:
    for _ in range(room):
        if again:
            yield again.popleft()
            continue
        work = next(works, None)
        if work is None:
            return
        yield _Try(work.key, pickle.dumps(work))


def _reply(future: Future[Reply]) -> Reply | BaseException:
    """Return a reply, or what was raised in place of one: then the worker was lost, or its executor failed."""
    if not future.done():
        return ConnectionError("its scheduler is gone")
    if future.cancelled():
        return RuntimeError("it was cancelled")
    error = future.exception()
    if isinstance(error, NoWorkers):
        raise error
    if error is not None:
        return error
    reply = future.result()
    return reply if isinstance(reply, Reply) else TypeError(f"it answered with {type(reply).__name__}")


def _lost(times: int, error: BaseException) -> str:
    said = " ".join(str(error).split())[:200]
    return f"its worker was lost {times} time{'s' * (times != 1)} ({type(error).__name__}: {said})"
