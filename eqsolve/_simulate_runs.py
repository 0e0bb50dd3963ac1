"""What runs of every kind of game share: random streams, records, threads, progress.

Replications are split into blocks of fixed size, each with its own random stream, so the
numbers do not depend on how many threads share the work.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
BLOCK = 512  # replications a block; part of what a seed means


class Run(Protocol):
    """One block of replications under way."""

    taken: int


# Advance a run to a step unless stopped, saying how many steps were taken meanwhile.
Advance = Callable[[Any, int, threading.Event, Callable[[int], None]], None]


def streams(seed: Any, blocks: int) -> list[np.random.Generator]:
    """One random generator a block, from an int, a generator or None."""
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**63))
    children = np.random.SeedSequence(seed).spawn(blocks)
    return [np.random.Generator(np.random.SFC64(child)) for child in children]


def checked_start(game: Any, start: Any, replications: int) -> Array:
    """A start for every replication, (replications, n), from one for all or one for each."""
    packed = game.pack(start) if isinstance(start, Mapping) else start
    point = np.asarray(packed, dtype=float)
    if point.ndim <= 1:
        point = np.tile(game.pack(point), (replications, 1))
    if point.shape != (replications, game.n):
        raise EqsolveError(
            f"start has shape {point.shape}; the run needs ({replications}, {game.n}) or "
            f"({game.n},)."
        )
    return point.copy()


def record_steps(first: int, last: int, every: int) -> NDArray[np.int64]:
    """Steps after which iterates are kept, the last one included."""
    kept = [k for k in range(first + 1, last + 1) if k % every == 0 or k == last]
    return np.asarray(kept, dtype=np.int64)


def advance_in_threads(
    advance: Advance,
    runs: list[Any],
    last: int,
    workers: int | None,
    report: Callable[[int], None],
) -> int:
    """Advance every block to the last step; returns the step that all blocks have reached."""
    threads = max(1, min(len(runs), workers or os.cpu_count() or 1))
    try:
        _run_in_threads(threads, advance, runs, last, report)
    except KeyboardInterrupt:
        # Blocks stop at different steps; the slower ones catch up, so that one
        # profile and one step describe the whole run.
        reached = max(run.taken for run in runs)
        for run in runs:
            advance(run, reached, threading.Event(), report)
        return int(reached)
    return last


def _run_in_threads(
    threads: int,
    advance: Advance,
    runs: list[Any],
    last: int,
    report: Callable[[int], None],
) -> None:
    """Advance every block to the last step; Ctrl-C waits for steps under way, no longer.

    Never in the main thread, where Ctrl-C would cut a step in two: its random numbers
    drawn, its move not made.
    """
    stop, ready = threading.Event(), threading.Event()

    def work(run: Run) -> None:
        ready.wait()  # else Ctrl-C could come while the pool does not know its threads yet
        advance(run, last, stop, report)

    with ThreadPoolExecutor(threads) as pool:
        try:
            futures = [pool.submit(work, run) for run in runs]
            ready.set()
            # In short waits, because not every system lets Ctrl-C end a long one.
            while wait(futures, timeout=0.1, return_when=FIRST_EXCEPTION).not_done:
                if any(future.done() and future.exception() for future in futures):
                    break
            for future in futures:
                future.result()
        except BaseException:
            stop.set()
            raise
        finally:
            ready.set()


def encoded_generator(rng: np.random.Generator) -> str:
    """A generator's state as JSON."""
    return json.dumps(_encode(rng.bit_generator.state))


def decoded_generator(text: str) -> np.random.Generator:
    """The generator that `encoded_generator` wrote."""
    bits = np.random.SFC64()
    bits.state = _decode(json.loads(text))
    return np.random.Generator(bits)


def _encode(state: Any) -> Any:
    """A bit generator's state with arrays as lists."""
    if isinstance(state, Mapping):
        return {key: _encode(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


def _decode(state: Any) -> Any:
    if isinstance(state, Mapping):
        return {key: _decode(value) for key, value in state.items()}
    return np.asarray(state, dtype=np.uint64) if isinstance(state, list) else state


class Progress:
    """A rich progress bar, or nothing."""

    def __init__(self, wanted: bool, steps: int, blocks: int, what: str = "simulating") -> None:
        self.bar: Any = None
        if wanted:
            from rich.console import Console
            from rich.progress import Progress

            self.bar = Progress(console=Console(stderr=True))
            self.task = self.bar.add_task(what, total=steps * blocks)

    def __enter__(self) -> Callable[[int], None]:
        if self.bar is not None:
            self.bar.start()
        return self._advance

    def _advance(self, steps: int) -> None:
        if self.bar is not None:
            self.bar.advance(self.task, steps)

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.stop()
