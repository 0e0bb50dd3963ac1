"""Simulate learning: many replications at once, reproducible, interruptible, resumable.

Replications are split into blocks of fixed size, each with its own random stream, so the
numbers do not depend on how many threads share the work.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.delay import Delayed
from eqsolve.dynamics.protocol import Dynamics, State, as_dynamics
from eqsolve.dynamics.trajectory import Resume, Trajectory
from eqsolve.errors import EqsolveError
from eqsolve.games.game import Game

Array = NDArray[np.float64]
BLOCK = 512  # replications a block; part of what a seed means
REPORT_EVERY = 64  # steps between progress reports


def simulate(
    game: Game,
    dynamics: Any,
    *,
    start: Any = None,
    steps: int | None = None,
    replications: int = 1,
    seed: Any = None,
    record_every: int = 1,
    delay: int = 0,
    progress: bool = False,
    resume: Trajectory | None = None,
    workers: int | None = None,
) -> Trajectory:
    """Run learning dynamics on a game.

    Parameters
    ----------
    game : Game
    dynamics : Dynamics or callable
        A record from `eq.dynamics`, an object with `start` and `step`, or a function
        ``x -> x_next`` on (n,) or (replications, n).
    start : dict, array (n,) or (replications, n), optional
        Default: the game's default start for every replication.
    steps : int
        Steps to take (in all, when resuming).
    replications : int
        Independent runs, advanced together.
    seed : int, numpy.random.Generator or None
        The same int gives the same numbers whatever `workers`.
    record_every : int
        Keep every so many steps (the start and the last step are always kept).
    delay : int
        Players see the others' strategies as they were this many steps ago.
    progress : bool
        Show a progress bar on standard error.
    resume : Trajectory, optional
        An interrupted run of the same game and dynamics, gone on with to the numbers an
        uninterrupted run would have had. `start`, `replications` and `seed` are its own.
    workers : int, optional
        Threads; default one a block, at most as many as there are processors.

    Returns
    -------
    Trajectory
        After Ctrl-C with `interrupted` set and everything run so far kept. A replication
        that leaves the numbers' range holds inf or nan from there on.

    Raises
    ------
    EqsolveError
        When the start does not fit the game, or steps are missing or negative.

    Examples
    --------
    >>> import cvxpy as cp
    >>> from eqsolve import Player, dynamics
    >>> x = cp.Variable(name="x")
    >>> game = Game([Player("a", cp.Minimize(cp.square(x - 1)), [x])])
    >>> path = simulate(game, dynamics.GradientPlay(step=0.25), start=[0.0], steps=3)
    >>> path.iterates[:, 0, 0]
    array([0.   , 0.5  , 0.75 , 0.875])
    """
    if steps is None or steps < 0:
        raise EqsolveError("simulate() needs steps=, a number of steps of zero or more.")
    if record_every < 1:
        raise EqsolveError(f"record_every must be at least 1, not {record_every}.")
    game.check_simultaneous()
    if resume is not None:
        runs, first = _resumed(game, resume)
    else:
        profile = _start_profiles(game, start, replications)
        runs, first = _fresh(profile, seed), 0
    learner = as_dynamics(dynamics, runs[0].profile[0])
    learner = Delayed(learner, delay) if delay else learner
    records = _record_steps(first, steps, record_every)
    with np.errstate(all="ignore"):
        for run in runs:
            if run.state is None:
                run.state = learner.start(game, run.profile)
        taken = _advance_all(game, learner, runs, first, steps, records, progress, workers)
    return _trajectory(game, runs, records, first, steps, taken, resume)


@dataclass
class _Run:
    """One block of replications under way."""

    profile: Array
    state: State | None
    rng: np.random.Generator
    recorded: list[Array]
    taken: int = 0


def _start_profiles(game: Game, start: Any, replications: int) -> Array:
    if replications < 1:
        raise EqsolveError(f"replications must be at least 1, not {replications}.")
    if start is None:
        point = game.numbers.default_start()
    elif isinstance(start, Mapping):
        point = game.pack(start)
    else:
        point = np.asarray(start, dtype=float)
    if point.ndim <= 1:
        point = np.tile(game.pack(point), (replications, 1))
    if point.shape != (replications, game.n):
        raise EqsolveError(
            f"start has shape {point.shape}; the run needs ({replications}, {game.n}) or "
            f"({game.n},)."
        )
    return point.copy()


def _fresh(profile: Array, seed: Any) -> list[_Run]:
    blocks = np.split(profile, range(BLOCK, profile.shape[0], BLOCK))
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**63))
    streams = np.random.SeedSequence(seed).spawn(len(blocks))
    return [
        _Run(block.copy(), None, np.random.Generator(np.random.SFC64(stream)), [block.copy()])
        for block, stream in zip(blocks, streams, strict=True)
    ]


def _resumed(game: Game, trajectory: Trajectory) -> tuple[list[_Run], int]:
    kept = trajectory.resume
    if kept is None:
        raise EqsolveError("This trajectory has no state to resume from.")
    if kept.profile.shape[1] != game.n:
        raise EqsolveError(
            f"The run to resume has {kept.profile.shape[1]} coordinates; the game has {game.n}."
        )
    cuts = range(BLOCK, kept.profile.shape[0], BLOCK)
    parts = [np.split(part, cuts) for part in (kept.profile, *kept.state)]
    runs = []
    for block, *rest, text in zip(*parts, kept.generators, strict=True):
        bits = np.random.SFC64()
        bits.state = _decode(json.loads(text))
        state = tuple(part.copy() for part in rest)
        runs.append(_Run(block.copy(), state, np.random.Generator(bits), []))
    return runs, kept.step


def _record_steps(first: int, last: int, every: int) -> NDArray[np.int64]:
    """Steps after which iterates are kept, the last one included."""
    kept = [k for k in range(first + 1, last + 1) if k % every == 0 or k == last]
    return np.asarray(kept, dtype=np.int64)


def _advance_all(
    game: Game,
    learner: Dynamics,
    runs: list[_Run],
    first: int,
    last: int,
    records: NDArray[np.int64],
    progress: bool,
    workers: int | None,
) -> int:
    """Advance every block; returns the step all blocks have reached."""
    wanted = set(records.tolist())
    threads = max(1, min(len(runs), workers or os.cpu_count() or 1))
    with Progress(progress, last - first, len(runs)) as report:

        def advance(run: _Run, until: int, stop: threading.Event) -> None:
            assert run.state is not None
            with np.errstate(all="ignore"):
                for k in range(run.taken + 1, until + 1):
                    if stop.is_set():
                        return
                    if k % REPORT_EVERY == 0:
                        report(REPORT_EVERY)
                    run.profile, run.state = learner.step(game, run.profile, run.state, run.rng)
                    run.taken = k
                    if k in wanted:
                        run.recorded.append(run.profile.copy())

        for run in runs:
            run.taken = first
        _warm_up(game)
        try:
            _run_in_threads(threads, advance, runs, last)
        except KeyboardInterrupt:
            # Blocks stop at different steps; the slower ones catch up, so that one
            # profile and one step describe the whole run.
            reached = max(run.taken for run in runs)
            for run in runs:
                advance(run, reached, threading.Event())
            return reached
    return last


def _run_in_threads(
    threads: int,
    advance: Callable[[_Run, int, threading.Event], None],
    runs: list[_Run],
    last: int,
) -> None:
    """Advance every block to the last step; Ctrl-C waits for steps under way, no longer.

    Never in the main thread, where Ctrl-C would cut a step in two: its random numbers
    drawn, its move not made.
    """
    stop, ready = threading.Event(), threading.Event()

    def work(run: _Run) -> None:
        ready.wait()  # else Ctrl-C could come while the pool does not know its threads yet
        advance(run, last, stop)

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


def _warm_up(game: Game) -> None:
    """Compile the game's numbers before threads share them."""
    numbers = game.numbers
    numbers.pseudo_gradient(numbers.default_start()[None])
    numbers.costs(numbers.default_start()[None])


def _trajectory(
    game: Game,
    runs: list[_Run],
    records: NDArray[np.int64],
    first: int,
    last: int,
    taken: int,
    resume: Trajectory | None,
) -> Trajectory:
    kept = records[records <= taken]
    if taken < last and (not kept.size or kept[-1] != taken):
        for run in runs:
            run.recorded.append(run.profile.copy())
        kept = np.append(kept, taken)
    iterates = np.concatenate([np.stack(run.recorded) for run in runs if run.recorded], axis=1)
    if resume is None:
        steps = np.concatenate([[0], kept]).astype(np.int64)
    else:
        # The record at the interruption itself was not asked for, only kept.
        steps = np.concatenate([resume.steps, kept])
        iterates = np.concatenate([resume.iterates, iterates]) if kept.size else resume.iterates
    states = [run.state or () for run in runs]
    return Trajectory(
        steps=steps,
        iterates=iterates,
        players=game.coordinates,
        coordinate_names=tuple(game.coordinate_names),
        interrupted=taken < last,
        resume=Resume(
            profile=np.concatenate([run.profile for run in runs]),
            state=tuple(np.concatenate(parts) for parts in zip(*states, strict=True)),
            generators=tuple(json.dumps(_encode(run.rng.bit_generator.state)) for run in runs),
            step=taken,
        ),
    )


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

    def __init__(self, wanted: bool, steps: int, blocks: int) -> None:
        self.bar: Any = None
        if wanted:
            from rich.console import Console
            from rich.progress import Progress

            self.bar = Progress(console=Console(stderr=True))
            self.task = self.bar.add_task("simulating", total=steps * blocks)

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
