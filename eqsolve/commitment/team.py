"""What a leader could get if followers did as it wishes: a bound, and where to look first.

Let followers act by plans s, an action for every type. For given plans the leader's problem
falls apart into blocks (`eqsolve.commitment.blocks`), one small decision problem each:

    U(s) = sum over blocks  max over parts  sum over cells  P(cell | s) u_0(cell, part).

Whatever followers' algorithm is, their final behaviour is a lottery over plans, so that

    v(c) <= max over s of U(s)      for every commitment c,

mixed ones too where no play asks an observation twice, because then what a commitment pays is
linear in the mix at each observation. Where the best plans' best parts make followers choose those
plans, the bound is reached and the answer proven, without listing commitments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame
from eqsolve.commitment.blocks import Blocks, cell_law

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_PLANS = 50_000  # profiles of plans that are listed
MOST_NUMBERS = 20_000_000  # the same times cells
TIED = 1e-10  # difference of values, relative to their size, that is rounding


@dataclass(frozen=True, eq=False)
class TeamBound:
    """The bound, and what attains it for each profile of plans.

    Attributes
    ----------
    value : float
        The bound.
    plans : tuple of ndarray (S, types_i), or None
        None where they are too many; then the bound is that of a leader who knows everything.
    values : ndarray (S,)
        U(s).
    laws : ndarray (S, cells)
    """

    value: float
    plans: tuple[Integers, ...] | None
    values: Array
    laws: Array

    def best_parts(self, blocks: Blocks, plan: int) -> list[Integers]:
        """For every block the parts that are best against one profile of plans."""
        out = []
        for block in blocks.blocks:
            worth = block.values[:, 0] @ self.laws[plan, block.cells]
            top = worth.max()
            out.append(np.flatnonzero(worth >= top - TIED * max(1.0, abs(top))))
        return out


def team_bound(blocks: Blocks, lotteries: bool = True) -> TeamBound:
    """The bound of a game's leader.

    Parameters
    ----------
    blocks : Blocks
    lotteries : bool
        Whether followers' behaviour is a lottery over plans; where it may depend on everybody's
        types together, the bound is that of a leader who knows everything.

    Examples
    --------
    >>> from eqsolve.commitment.blocks import blocks_of
    >>> from eqsolve.models import simple_allocation
    >>> round(team_bound(blocks_of(simple_allocation(types=3, messages=2))).value, 6)
    0.666667
    """
    game = blocks.game
    counts = [float(a) ** t for a, t in zip(game.actions, game.types, strict=True)]
    size = np.prod(counts) * blocks.constant.shape[1]
    if not lotteries or np.prod(counts) > MOST_PLANS or size > MOST_NUMBERS:
        empty = np.zeros(0)
        return TeamBound(_all_knowing(blocks), None, empty, empty[None])
    plans = all_plans(game)
    laws = cell_law(game, plans)
    worth = laws @ blocks.constant[0]
    for block in blocks.blocks:
        paid = block.values[:, 0]
        worth = worth + _largest(paid, laws[:, block.cells])
    return TeamBound(float(worth.max()), plans, worth, laws)


def all_plans(game: BatchGame) -> tuple[Integers, ...]:
    """Every profile of plans: an action for every type of every follower, (S, types_i)."""
    own = [
        np.stack(np.unravel_index(np.arange(a**t), (a,) * t), axis=1)
        for a, t in zip(game.actions, game.types, strict=True)
    ]
    sizes = [plan.shape[0] for plan in own]
    which = np.unravel_index(np.arange(int(np.prod(sizes))), sizes)
    return tuple(plan[at] for plan, at in zip(own, which, strict=True))


def _largest(paid: Array, laws: Array, chunk: int = 20_000_000) -> Array:
    """max over parts of laws (S, c) times paid (n, c), (S,)."""
    step = max(1, chunk // max(1, paid.shape[0]))
    parts = [(laws[k : k + step] @ paid.T).max(axis=1) for k in range(0, laws.shape[0], step)]
    return np.concatenate(parts)


def _all_knowing(blocks: Blocks) -> float:
    """The leader knows the deal, and chooses the followers' actions too."""
    game, graph = blocks.game, blocks.game.graph
    best = blocks.constant[0].copy()
    for block in blocks.blocks:
        best[block.cells] = block.values[:, 0].max(axis=0)
    assert game.prior is not None
    return float(game.prior @ best.reshape(-1, graph.profiles).max(axis=1))


def asks_once(blocks: Blocks) -> bool:
    """Whether no play asks an observation twice, whatever the answers."""
    graph = blocks.game.graph
    seen = graph.observations[:-2]
    end = graph.observations.size - 1
    # What may still be asked from a node on, as sets of bits over the observations.
    size = blocks.game.leader_observations
    ahead = np.zeros((graph.observations.size, size), dtype=bool)
    for layer in reversed(graph.layers):
        for node in range(layer.start, layer.stop):
            after = np.unique(graph.children[node])
            later = ahead[after[after < end]].any(axis=0)
            if later[seen[node]]:
                return False
            later[seen[node]] = True
            ahead[node] = later
    return True


def forgetful_bound(blocks: Blocks) -> float:
    """A leader who knows everything and may answer an observation differently each time.

    The bound of mixed commitments where a play asks an observation twice.
    """
    game, graph = blocks.game, blocks.game.graph
    worth = np.zeros(graph.observations.size)
    for layer in reversed(graph.layers):
        ahead = worth[graph.children[layer]]
        worth[layer] = (graph.rewards[0, layer] + ahead).max(axis=1)
    best = worth[graph.roots] + graph.root_rewards[0]
    assert game.prior is not None
    return float(game.prior @ best.reshape(-1, graph.profiles).max(axis=1))
