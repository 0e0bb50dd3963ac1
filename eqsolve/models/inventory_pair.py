"""One shelf under two ordering rules; demand that finds it empty is lost and goes unseen.

Each day a rule (s, S) looks at the stock x in the morning: at s or below it orders up to S, and
the goods are there at once; else it orders nothing. Then demand D comes, min(z, D) of the z goods
are sold, and y = max(z - D, 0) are left for the next morning. The day's profit

    price x (z - y) - order_cost x [goods were ordered] - unit_cost x (z - x)^+ - holding_cost x y

is known once the next state is. What one rule leaves on the shelf is what the other starts from:
switching rules from day to day compares neither.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment

Array = NDArray[np.float64]


def inventory_pair(
    rules: Sequence[Sequence[int]] = ((2, 8), (4, 10)),
    daily_demand: float | Sequence[float] = 3.0,
    price: float = 2.0,
    unit_cost: float = 1.0,
    order_cost: float = 2.0,
    holding_cost: float = 0.05,
    noise: float = 0.0,
) -> MarkovExperiment:
    """Order late and little, or early and much.

    Parameters
    ----------
    rules : two pairs of int
        (s, S) with 0 <= s < S: order up to S whenever s or fewer are left.
    daily_demand : float, or sequence of float
        Mean of a day's Poisson demand, or the probabilities of demand 0, 1, 2, ...
    price, unit_cost, order_cost, holding_cost : float
        Per good sold, per good ordered, per order, per good left overnight.
    noise : float
        Variance of what else moves a day's profit.

    Returns
    -------
    MarkovExperiment
        States are the stock in the morning, 0 ... the larger S. Arms are named by their rule.
        Stock above its S a rule never makes, only sells off.

    Raises
    ------
    BadExperiment
        Naming the rule or the demand that is none.

    References
    ----------
    Puterman (1994), "Markov Decision Processes", section 3.2, the stochastic inventory model.

    Examples
    --------
    >>> shelf = inventory_pair()
    >>> shelf.arm_names, shelf.states
    (('order at 2 up to 8', 'order at 4 up to 10'), 11)
    """
    levels = _levels(rules)
    size = max(top for _, top in levels) + 1
    chances = _demand(daily_demand, size)
    stock = np.arange(size)
    kernels, rewards = [], []
    for least, top in levels:
        shelf = np.where(stock <= least, top, stock)
        kernels.append(np.array([_left(chances, z) for z in shelf]))
        ordered = shelf - stock
        cost = unit_cost * ordered + order_cost * (ordered > 0)
        sold, kept = shelf[:, None] - stock[None, :], stock[None, :]
        rewards.append(price * sold - holding_cost * kept - cost[:, None])
    return MarkovExperiment(
        kernels,
        rewards,
        float(noise),
        arm_names=tuple(f"order at {least} up to {top}" for least, top in levels),
        state_names=tuple(range(size)),
    )


def _levels(rules: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    if len(rules) != 2:
        raise BadExperiment(f"inventory_pair: two rules (s, S) are compared, not {len(rules)}.")
    levels = []
    for rule in rules:
        whole = len(rule) == 2 and all(float(level).is_integer() for level in rule)
        if not whole or not 0 <= rule[0] < rule[1]:
            raise BadExperiment(
                f"inventory_pair: a rule is two whole numbers (s, S) with 0 <= s < S, not {rule!r}."
            )
        levels.append((int(rule[0]), int(rule[1])))
    return levels


def _demand(demand: float | Sequence[float], size: int) -> Array:
    """Probabilities of demand 0 ... size - 2, then of more."""
    if np.ndim(demand) == 0:
        mean = float(np.asarray(demand))
        if not 0 < mean < np.inf:
            raise BadExperiment(f"inventory_pair: the mean demand must be positive, not {mean}.")
        known = np.arange(size - 1)
        return np.append(poisson.pmf(known, mean), poisson.sf(size - 2, mean))
    given = np.asarray(demand, dtype=float)
    if given.ndim != 1 or (given < 0).any() or abs(given.sum() - 1) > 1e-9:
        raise BadExperiment(
            f"inventory_pair: daily_demand must be probabilities of 0, 1, 2, ... that sum to one, "
            f"not {demand!r}."
        )
    full = np.zeros(max(size, given.size))
    full[: given.size] = given
    return np.append(full[: size - 1], full[size - 1 :].sum())


def _left(chances: Array, shelf: int) -> Array:
    """Law of what is left of `shelf` goods, over 0 ... len(chances) - 1."""
    law = np.zeros(chances.size)
    law[1 : shelf + 1] = chances[:shelf][::-1]
    law[0] = chances[shelf:].sum()
    return law
