"""How far play is from equilibrium: regret, and gaps to the sets of equilibria.

For the average joint play p, a distribution over profiles of actions, player i's payoff from
every recommendation a answered by b is

    S_i(a, b) = sum over a_-i of  p(a, a_-i) U_i(b, a_-i),

and all that is measured follows from it:

    payoff              V_i = sum_a S_i(a, a)
    regret              max_b sum_a S_i(a, b) - V_i                  (against the best fixed action)
    coarse gap          the largest regret of any player, zero if negative: p is a coarse
                        correlated equilibrium iff it is zero (Moulin and Vial 1978)
    correlated gap      the largest sum_a max_b (S_i(a, b) - S_i(a, a)): what following the best
                        rule a -> b gains; p is a correlated equilibrium iff it is zero
                        (Aumann 1974; Blum and Mansour 2007)

The average joint play is the average over rounds of the product of mixes. The product of the
averages is another distribution, and no-regret play need not bring that anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def own_payoffs(game: Any, player: int) -> Array:
    """A player's payoff tensor (actions_1, ...), or (games, actions_1, ...) of a batch."""
    every = (slice(None),) * len(game.actions)
    return np.asarray(game.payoffs[(Ellipsis, player, *every)])


def swap_payoffs(game: Any, joint: Array, player: int) -> Array:
    """S_i(a, b), from joint play (..., actions_1, ..., actions_n), as (..., actions, actions).

    Examples
    --------
    Shapley's fashion game off the diagonal: following pays 1/2, and nothing pays more.

    >>> from eqsolve.games.finite import NormalFormGame
    >>> pennies = NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> swap_payoffs(pennies, np.full((2, 2), 0.25), 0)
    array([[0., 0.],
           [0., 0.]])
    """
    rows = _by_own_action(joint, game.actions, player)
    paid = _by_own_action(own_payoffs(game, player), game.actions, player)
    return np.asarray(rows @ np.swapaxes(paid, -1, -2))


def _by_own_action(tensor: Array, actions: Sequence[int], player: int) -> Array:
    """(..., actions_1, ..., actions_n) as (..., own actions, all profiles of the others)."""
    leading = tensor.shape[: tensor.ndim - len(actions)]
    own = np.moveaxis(tensor, len(leading) + player, len(leading))
    return own.reshape(*leading, actions[player], -1)


def payoffs_of_joint(game: Any, joint: Array) -> Array:
    """Every player's payoff under joint play (..., actions_1, ...), as (..., players)."""
    axes = tuple(range(-len(game.actions), 0))
    return np.stack(
        [(joint * own_payoffs(game, k)).sum(axis=axes) for k in range(len(game.actions))], axis=-1
    )


def deviations_of_joint(game: Any, joint: Array) -> Array:
    """What each player gets from each fixed action against joint play, (..., n)."""
    parts = []
    for k in range(len(game.actions)):
        others = _by_own_action(joint, game.actions, k).sum(axis=-2, keepdims=True)
        paid = _by_own_action(own_payoffs(game, k), game.actions, k)
        parts.append((others @ np.swapaxes(paid, -1, -2))[..., 0, :])
    return np.concatenate(parts, axis=-1)


def regrets(deviations: Array, payoffs: Array, blocks: Sequence[slice]) -> Array:
    """Every player's regret, from deviation payoffs (..., n) and payoffs (..., players)."""
    best = np.stack([deviations[..., block].max(axis=-1) for block in blocks], axis=-1)
    return np.asarray(best - payoffs)


def coarse_correlated_gap(game: Any, joint: Array) -> Array:
    """Largest gain of any player from any fixed action, zero at least, (...).

    Parameters
    ----------
    game : NormalFormGame or GameBatch
    joint : ndarray (..., actions_1, ..., actions_n)
        Distributions over profiles of actions.

    Examples
    --------
    >>> from eqsolve.games.finite import NormalFormGame
    >>> chicken = NormalFormGame.bimatrix([[0, 7], [2, 6]], [[0, 2], [7, 6]])
    >>> float(coarse_correlated_gap(chicken, np.array([[0, 1], [1, 1]]) / 3))
    0.0
    """
    gains = regrets(deviations_of_joint(game, joint), payoffs_of_joint(game, joint), game.blocks)
    return np.asarray(np.maximum(gains.max(axis=-1), 0.0))


def correlated_gap(game: Any, joint: Array) -> Array:
    """Largest gain of any player from any rule that replaces recommendations, (...).

    Parameters
    ----------
    game : NormalFormGame or GameBatch
    joint : ndarray (..., actions_1, ..., actions_n)

    Examples
    --------
    >>> from eqsolve.games.finite import NormalFormGame
    >>> chicken = NormalFormGame.bimatrix([[0, 7], [2, 6]], [[0, 2], [7, 6]])
    >>> float(correlated_gap(chicken, np.array([[0, 0], [0, 1]])))
    1.0
    """
    gains = []
    for k in range(len(game.actions)):
        swapped = swap_payoffs(game, joint, k)
        followed = np.einsum("...aa->...a", swapped)
        gains.append((swapped.max(axis=-1) - followed).sum(axis=-1))
    return np.asarray(np.max(gains, axis=0))


def exploitability(game: Any, profile: Array, *, total: bool = False) -> Array:
    """Largest gain of any player from leaving a profile of mixes (..., n) alone, (...).

    Parameters
    ----------
    game : finite game
    profile : ndarray (..., n)
    total : bool
        The sum of all players' gains instead (NashConv of Lanctot and others 2017).

    Examples
    --------
    >>> from eqsolve.games.finite import NormalFormGame
    >>> pennies = NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> float(exploitability(pennies, pennies.pack([0, [0.5, 0.5]])))
    1.0
    """
    paid = np.asarray(game.deviation_payoffs(profile))
    held = paid * profile
    own = np.stack([held[..., block].sum(axis=-1) for block in game.blocks], axis=-1)
    gains = regrets(paid, own, game.blocks)
    return np.asarray(gains.sum(axis=-1) if total else gains.max(axis=-1))
