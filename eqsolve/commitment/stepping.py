"""Plays step by step, where they cannot be listed in tables.

Nothing in a play is random once it is dealt, so that an interrupted play is simply run again
when the leader's answer is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame
from eqsolve.commitment.responses.protocol import Behaviour, Path, given_types
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Chooser = Callable[[Integers, Integers, int], Integers]  # observations (n, F), rows, step
Asked = Callable[[Integers, Integers], Integers]  # observations (n,), rows -> actions, -1 unknown


@dataclass(frozen=True, eq=False)
class Stepped:
    """Plays as they went.

    Attributes
    ----------
    payoffs : ndarray (B, 1 + F)
        As far as the play went.
    query : ndarray (B,)
        The observation at which the leader's answer was missing; -1 where the play ended.
    path : Path
        The followers' steps.
    seen : ndarray (steps, B)
        The leader's observations, -1 where it had nothing to decide.
    """

    payoffs: Array
    query: Integers
    path: Path
    seen: Integers


def step_through(game: BatchGame, deals: NDArray[Any], choose: Chooser, answer: Asked) -> Stepped:
    """Run plays from their deals to their ends, or to a question without an answer.

    Raises
    ------
    BadCommitment
        When a play does not end within the game's horizon.
    """
    batch, F = len(deals), game.followers
    state, rows = game.start(deals), np.arange(batch)
    payoffs, query = np.zeros((batch, 1 + F)), np.full(batch, -1)
    history: list[tuple[Integers, Integers, Array, Integers]] = []
    for step in range(game.horizon):
        seen, own = game.leader_observation(state), game.follower_observations(state)
        acts = np.where(seen >= 0, answer(np.maximum(seen, 0), rows), -1)
        stuck = (seen >= 0) & (acts < 0)
        if stuck.any():
            query[rows[stuck]] = seen[stuck]
            go = np.flatnonzero(~stuck)
            state = tuple(part[go] for part in state)
            rows, seen, own, acts = rows[go], seen[go], own[go], acts[go]
            if not rows.size:
                break
        chosen = np.where(own >= 0, choose(np.maximum(own, 0), rows, step), -1)
        state, paid, done = game.step(state, acts, chosen)
        if rows.size == batch:
            payoffs += paid
            history.append((own, chosen, paid[:, 1:], seen))
        else:
            payoffs[rows] += paid
            history.append(_at(rows, batch, own, chosen, paid[:, 1:], seen))
        done = np.asarray(done, dtype=bool)
        if done.all():
            rows = rows[:0]
            break
        if done.any():
            go = np.flatnonzero(~done)
            state, rows = tuple(part[go] for part in state), rows[go]
    else:
        if rows.size:
            raise BadCommitment(
                f"{game.name}: plays do not end within {game.horizon} steps, its horizon."
            )
    if not history:
        empty = np.zeros((0, batch, F))
        whole = empty.astype(np.int64)
        return Stepped(payoffs, query, Path(whole, whole, empty), np.zeros((0, batch), dtype=int))
    kept = [np.stack(parts) for parts in zip(*history, strict=True)]
    return Stepped(payoffs, query, Path(kept[0], kept[1], kept[2]), kept[3])


def _at(
    rows: Integers, batch: int, own: Integers, chosen: Integers, paid: Array, seen: Integers
) -> tuple[Integers, Integers, Array, Integers]:
    """A step of some of the plays, among all of them."""
    F = own.shape[1]
    out = (np.full((batch, F), -1), np.full((batch, F), -1), np.zeros((batch, F)))
    noted = np.full(batch, -1)
    out[0][rows], out[1][rows], out[2][rows], noted[rows] = own, chosen, paid, seen
    return (*out, noted)


def fixed_actions(actions: Integers) -> Chooser:
    """Followers who act once, as chosen beforehand (B, F)."""
    return lambda own, rows, step: actions[rows]


def by_behaviour(behaviour: Behaviour, marks: Array) -> Chooser:
    """Followers who draw at every step, with marks (steps, B, F) uniform in [0, 1)."""

    def choose(own: Integers, rows: Integers, step: int) -> Integers:
        assert behaviour.strategies is not None
        out = np.empty(own.shape, dtype=np.int64)
        for k, strategies in enumerate(behaviour.strategies):
            here = strategies if rows.size == strategies.shape[0] else strategies[rows]
            reached = np.cumsum(given_types(here, own[:, k]), axis=1)
            mark = marks[step, rows, k] * reached[:, -1]
            out[:, k] = (reached[:, :-1] <= mark[:, None]).sum(axis=1)
        return out

    return choose
