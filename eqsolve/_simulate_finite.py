"""Simulate learning in finite games: the rounds played, and the account kept of them.

Rounds are played in chunks whose ends are the same however the run is recorded, stopped or
resumed, so that the numbers are too. A learner that offers `rounds` plays a chunk at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
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
from eqsolve.dynamics.account import Account, Averages, keeps_joint, records_joint
from eqsolve.dynamics.delay import Delayed
from eqsolve.dynamics.protocol import Dynamics, State, as_dynamics
from eqsolve.dynamics.repeated_play import RepeatedPlay, described
from eqsolve.dynamics.simplices import check_strategies
from eqsolve.dynamics.trajectory import Resume
from eqsolve.errors import EqsolveError
from eqsolve.games.batch import GameBatch

Array = NDArray[np.float64]
CHUNK = 256  # rounds played between two looks at the account
CHUNK_SIZE = 2**18  # numbers that the profiles of a chunk hold at most
PARTS = 4  # of an account, first in the memory that a run is resumed from


@dataclass
class _Run:
    """One block of replications under way."""

    game: Any
    profile: Array
    state: State
    rng: np.random.Generator
    account: Account
    recorded: list[Array] = field(default_factory=list)
    averages: list[Averages] = field(default_factory=list)
    taken: int = 0


def simulate_finite(
    game: Any,
    dynamics: Any,
    *,
    start: Any,
    steps: int,
    replications: int,
    seed: Any,
    record_every: int,
    delay: int,
    progress: bool,
    resume: Any,
    workers: int | None,
) -> RepeatedPlay:
    """See `eq.simulate`; the start is even mixing unless given.

    Players of a Bayesian game learn type by type. A learner that has ``opening(game, profile,
    state, rng) -> (profile, state)`` chooses itself what it plays first.
    """
    if resume is not None:
        game, runs, first, learner = _resumed(game, dynamics, resume, delay)
    else:
        game, runs, learner = _fresh(game, dynamics, start, replications, seed, delay)
        first = 0
    records = record_steps(first, steps, record_every)
    rows = sum(run.profile.shape[0] for run in runs)
    before = 1 if resume is None else len(resume)
    joint_too = records_joint(game, rows, before + records.size)
    if resume is None:
        for run in runs:
            run.recorded.append(np.array(run.profile[None], order="C"))
            run.averages.append(run.account.averages(0, joint_too=joint_too))
    wanted = set(records.tolist())

    def advance(run: Any, until: int, stop: threading.Event, report: Callable[[int], None]) -> None:
        _advance(run, learner, until, wanted, stop, report, joint_too)

    for run in runs:
        run.taken = first
    with Progress(progress, steps - first, len(runs)) as report:
        taken = advance_in_threads(advance, runs, steps, workers, report)
    return _repeated_play(game, runs, records, steps, taken, resume, learner, joint_too)


def _fresh(
    game: Any, dynamics: Any, start: Any, replications: int, seed: Any, delay: int
) -> tuple[Any, list[_Run], Dynamics]:
    if replications < 1:
        raise EqsolveError(f"replications must be at least 1, not {replications}.")
    if hasattr(game, "agent_form"):
        game = game.agent_form()
    if isinstance(game, GameBatch):
        game = game.rows(np.repeat(np.arange(len(game)), replications))
        replications = len(game)
    if not isinstance(start, np.ndarray):
        start = game.uniform() if start is None else game.pack(start)
    profile = checked_start(game, start, replications)
    check_strategies(game, profile, "The start")
    learner = _learner(dynamics, profile[0], delay)
    blocks = _blocks(profile)
    runs = []
    power = _averaging(learner)
    joint = keeps_joint(game, replications)
    with np.errstate(all="ignore"):
        for k, (block, stream) in enumerate(zip(blocks, streams(seed, len(blocks)), strict=True)):
            own = _game_of_block(game, k)
            account = Account.opened(own, block.shape[0], power, joint=joint)
            state = _laid(learner.start(own, block))
            if hasattr(learner, "opening"):
                block, state = learner.opening(own, block, state, stream)
            runs.append(_Run(own, np.asfortranarray(block), state, stream, account))
    return game, runs, learner


def _resumed(
    game: Any, dynamics: Any, resume: Any, delay: int
) -> tuple[Any, list[_Run], int, Dynamics]:
    kept = resume.resume
    if kept is None or not isinstance(resume, RepeatedPlay):
        raise EqsolveError("This trajectory has no state to resume from.")
    if kept.profile.shape[1] != game.n:
        raise EqsolveError(
            f"The run to resume has {kept.profile.shape[1]} coordinates; the game has {game.n}."
        )
    if hasattr(game, "agent_form"):
        game = game.agent_form()
    _check_same(game, resume.game)
    if isinstance(game, GameBatch):
        times, rest = divmod(kept.profile.shape[0], len(game))
        if rest:
            raise EqsolveError(
                f"The run to resume has {kept.profile.shape[0]} replications, which "
                f"{len(game)} games do not divide."
            )
        game = game.rows(np.repeat(np.arange(len(game)), times))
    learner = _learner(dynamics, kept.profile[0], delay)
    power = _averaging(learner)
    cuts = range(BLOCK, kept.profile.shape[0], BLOCK)
    parts = [np.split(part, cuts) for part in (kept.profile, *kept.state)]
    runs = []
    for k, (block, *rest, text) in enumerate(zip(*parts, kept.generators, strict=True)):
        own = _game_of_block(game, k)
        sums, joint, deviations, payoffs = (part.copy() for part in rest[:PARTS])
        account = Account(own, sums, joint, deviations, payoffs, power)
        runs.append(
            _Run(
                own,
                np.asfortranarray(block.copy()),
                _laid(tuple(part.copy() for part in rest[PARTS:])),
                decoded_generator(text),
                account,
            )
        )
    return game, runs, kept.step, learner


def _check_same(game: Any, before: Any) -> None:
    """Refuse to go on with a run in another game than it began in."""
    own, theirs = getattr(game, "payoffs", None), getattr(before, "payoffs", None)
    if own is None or theirs is None:
        return
    if isinstance(game, GameBatch):
        own = np.repeat(own, max(1, len(before) // len(game)), axis=0)
    if not np.array_equal(own, theirs):
        raise EqsolveError("The run to resume was of a game with other payoffs.")


def _learner(dynamics: Any, point: Array, delay: int) -> Dynamics:
    learner = as_dynamics(dynamics, point)
    return Delayed(learner, delay) if delay else learner


def _averaging(learner: Any) -> int:
    """Power of the round's number that weighs it in average strategies."""
    return int(getattr(getattr(learner, "inner", learner), "averaging", 0))


def _blocks(profile: Array) -> list[Array]:
    """Blocks of replications in Fortran's order: each coordinate's replications contiguous."""
    return [
        np.asfortranarray(part) for part in np.split(profile, range(BLOCK, len(profile), BLOCK))
    ]


def _laid(state: State) -> State:
    """Memory in the profiles' order, so that a resumed run adds in the order of the first."""
    return tuple(np.asfortranarray(part) if part.ndim == 2 else part for part in state)


def _game_of_block(game: Any, block: int) -> Any:
    if isinstance(game, GameBatch):
        return game.rows(slice(block * BLOCK, (block + 1) * BLOCK))
    return game


def _advance(
    run: _Run,
    learner: Any,
    until: int,
    wanted: set[int],
    stop: threading.Event,
    report: Callable[[int], None],
    joint_too: bool,
) -> None:
    """Play rounds up to `until`, a chunk at a time, and record where it is wanted."""
    length = max(1, min(CHUNK, CHUNK_SIZE // run.profile.size))
    offered = getattr(learner, "rounds", None)
    play = offered(run.game, run.profile.shape[0]) if offered else None
    while run.taken < until and not stop.is_set():
        first = run.taken
        # Ends of chunks are multiples of their length, wherever a run begins or is stopped.
        count = min(until, (first // length + 1) * length) - first
        with np.errstate(all="ignore"):
            if play is not None:
                played, run.profile, run.state = play(run.profile, run.state, count)
            else:
                played = _step_by_step(run, learner, count, stop)
        _keep(run, played, wanted, joint_too)
        report(len(played))


def _step_by_step(run: _Run, learner: Any, count: int, stop: threading.Event) -> Array:
    """Rounds by the learner's own step, fewer when stopped."""
    rows, n = run.profile.shape
    played = np.empty((count, n, rows)).transpose(0, 2, 1)
    for place in range(count):
        if stop.is_set():
            return played[:place]
        played[place] = run.profile
        run.profile, run.state = learner.step(run.game, run.profile, run.state, run.rng)
        if run.profile.shape != (rows, n):
            raise EqsolveError(
                f"The learner returns profiles of shape {run.profile.shape}, not ({rows}, {n})."
            )
    return played


def _keep(run: _Run, played: Array, wanted: set[int], joint_too: bool) -> None:
    """Take rounds into the account, recording where it is wanted."""
    first = run.taken
    places = [k for k in range(1, len(played) + 1) if first + k in wanted]
    run.taken = first + len(played)
    if not places:
        run.account.take(played, first)
        return
    following = [played[k] if k < len(played) else run.profile for k in places]
    run.recorded.append(np.stack(following))
    check_strategies(run.game, run.recorded[-1], "What the learner returns as the strategy")
    run.averages.append(run.account.take_recording(played, first, places, joint_too=joint_too))


def _repeated_play(
    game: Any,
    runs: list[_Run],
    records: NDArray[np.int64],
    last: int,
    taken: int,
    resume: Any,
    learner: Any,
    joint_too: bool,
) -> RepeatedPlay:
    kept = records[records <= taken]
    if taken < last and (not kept.size or kept[-1] != taken):
        kept = np.append(kept, taken)
        for run in runs:
            run.recorded.append(np.array(run.profile[None], order="C"))
            run.averages.append(run.account.averages(taken, joint_too=joint_too))
    steps = np.concatenate([[0] if resume is None else resume.steps, kept]).astype(np.int64)
    columns = {
        "iterates": _over_blocks([run.recorded for run in runs]),
        **{
            f"average_{name}": _over_blocks(
                [[getattr(each, name) for each in run.averages] for run in runs]
            )
            for name in ("strategies", "deviations", "payoffs")
        },
    }
    if resume is not None:
        for name in columns:
            before, new = getattr(resume, name), columns[name]
            columns[name] = before if new is None else np.concatenate([before, new])
    final = [part for run in runs if (part := run.account.averages(taken).joint) is not None]
    generators = tuple(encoded_generator(run.rng) for run in runs)
    states = [(*run.account.parts, *run.state) for run in runs]
    return RepeatedPlay(
        steps=steps,
        interrupted=taken < last,
        average_joint=_joint(runs, final, resume, joint_too),
        learner=learner,
        resume=Resume(
            profile=np.concatenate([run.profile for run in runs]),
            state=tuple(np.concatenate(parts) for parts in zip(*states, strict=True)),
            generators=generators,
            step=taken,
        ),
        **columns,
        **described(game),
    )


def _over_blocks(parts: list[list[Array]]) -> Any:
    """Records of all blocks side by side, (T, replications, ...); None without records."""
    if not parts[0]:
        return None
    return np.concatenate([np.concatenate(block) for block in parts], axis=1)


def _joint(runs: list[_Run], final: list[Array], resume: Any, joint_too: bool) -> Any:
    """Joint play at every record, at the last alone, or nowhere."""
    if not final:
        return None
    complete = resume is None or len(resume.average_joint) == len(resume)
    if not joint_too or not complete:
        return np.concatenate(final, axis=1)
    parts: list[list[Any]] = [[each.joint for each in run.averages] for run in runs]
    new = _over_blocks(parts)
    if resume is None:
        return new
    return resume.average_joint if new is None else np.concatenate([resume.average_joint, new])
