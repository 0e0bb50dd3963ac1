"""Simulate learning: many replications at once, reproducible, interruptible, resumable."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve._simulate_runs import (
    BLOCK,
    Progress,
    advance_in_threads,
    checked_start,
    decoded_generator,
    encoded_generator,
    record_steps,
    streams,
)
from eqsolve.dynamics.delay import Delayed
from eqsolve.dynamics.protocol import Dynamics, State, as_dynamics
from eqsolve.dynamics.trajectory import Resume, Trajectory
from eqsolve.errors import EqsolveError
from eqsolve.games.game import Game

Array = NDArray[np.float64]
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
    game : Game, NormalFormGame, GameBatch or another finite game
        Of a batch every game is played; replications then count the runs of each, and rows
        of the trajectory hold the first game's runs, then the second's.
    dynamics : Dynamics or callable
        A record from `eq.dynamics`, an object with `start` and `step`, or a function
        ``x -> x_next`` on (n,) or (replications, n).
    start : dict, array (n,) or (replications, n), optional
        Default: the game's default start for every replication; even mixing in finite games.
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
        Of a finite game a `RepeatedPlay`, which knows regret, exploitability and gaps.
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
    if hasattr(game, "deviation_payoffs"):
        from eqsolve._simulate_finite import simulate_finite

        return simulate_finite(
            game, dynamics, start=start, steps=steps, replications=replications, seed=seed,
            record_every=record_every, delay=delay, progress=progress, resume=resume,
            workers=workers,
        )  # fmt: skip
    game.check_simultaneous()
    if resume is not None:
        runs, first = _resumed(game, resume)
    else:
        runs, first = _fresh(game, start, replications, seed), 0
    learner = as_dynamics(dynamics, runs[0].profile[0])
    learner = Delayed(learner, delay) if delay else learner
    records = record_steps(first, steps, record_every)
    with np.errstate(all="ignore"):
        for run in runs:
            if run.state is None:
                run.state = learner.start(game, run.profile)
            run.taken = first
        _warm_up(game)
        advance = partial(_advance, game, learner, set(records.tolist()))
        with Progress(progress, steps - first, len(runs)) as report:
            taken = advance_in_threads(advance, runs, steps, workers, report)
    return _trajectory(game, runs, records, first, steps, taken, resume)


@dataclass
class _Run:
    """One block of replications under way."""

    profile: Array
    state: State | None
    rng: np.random.Generator
    recorded: list[Array]
    taken: int = 0


def _fresh(game: Game, start: Any, replications: int, seed: Any) -> list[_Run]:
    if replications < 1:
        raise EqsolveError(f"replications must be at least 1, not {replications}.")
    begin = game.numbers.default_start() if start is None else start
    profile = checked_start(game, begin, replications)
    blocks = np.split(profile, range(BLOCK, profile.shape[0], BLOCK))
    return [
        _Run(block.copy(), None, stream, [block.copy()])
        for block, stream in zip(blocks, streams(seed, len(blocks)), strict=True)
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
        state = tuple(part.copy() for part in rest)
        runs.append(_Run(block.copy(), state, decoded_generator(text), []))
    return runs, kept.step


def _advance(
    game: Game,
    learner: Dynamics,
    wanted: set[int],
    run: _Run,
    until: int,
    stop: threading.Event,
    report: Callable[[int], None],
) -> None:
    """Advance a block step by step, keeping the iterates that are wanted."""
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
            generators=tuple(encoded_generator(run.rng) for run in runs),
            step=taken,
        ),
    )
