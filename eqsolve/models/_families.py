"""Families of random games, after GAMUT (Nudelman, Wortman, Shoham and Leyton-Brown 2004).

Each function takes a generator, the number of players n and of actions m each, and returns the
payoffs (n, m, ..., m). What is random is said in its first line; the rest is the family's form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqsolve.models.congestion_game import congestion_game

Array = NDArray[np.float64]
Random = np.random.Generator
Draw = Callable[[Random, int, int], Array]


@dataclass(frozen=True)
class Family:
    """How to draw a game, and for whom: `players` or `actions` fixed, or 0 for any number."""

    draw: Draw
    players: int = 0
    actions: int = 0

    @property
    def what(self) -> str:
        """The first line of the documentation."""
        return (self.draw.__doc__ or "").splitlines()[0]


def uniform(rng: Random, n: int, m: int) -> Array:
    """Every payoff is drawn from [0, 1]."""
    return rng.random((n,) + (m,) * n)


def covariant(rng: Random, n: int, m: int) -> Array:
    """Normal payoffs with a common random correlation between players, profile by profile.

    Correlation r is uniform on (-1 / (n - 1), 1): from conflict to common interest.
    """
    r = float(rng.uniform(-1.0 / max(n - 1, 1), 1.0))
    covariance = (1 - r) * np.eye(n) + r
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(n))
    return np.tensordot(root, rng.standard_normal((n,) + (m,) * n), axes=1)


def zero_sum(rng: Random, n: int, m: int) -> Array:
    """The first player's payoffs are drawn from [-1, 1], and the second pays them."""
    first = rng.uniform(-1.0, 1.0, (m, m))
    return np.stack([first, -first])


def common_interest(rng: Random, n: int, m: int) -> Array:
    """All players get the same, drawn from [0, 1] at every profile."""
    return np.broadcast_to(rng.random((m,) * n), (n,) + (m,) * n).copy()


def coordination(rng: Random, n: int, m: int) -> Array:
    """Payoffs from [1/2, 1] where all do the same, from [0, 1/2] elsewhere."""
    out = rng.uniform(0.0, 0.5, (n,) + (m,) * n)
    profiles = _profiles(n, m)
    return np.asarray(out + 0.5 * (profiles == profiles[0]).all(axis=0))


def dispersion(rng: Random, n: int, m: int) -> Array:
    """Everybody gets the share of distinct actions, times a worth drawn from [1/2, 1].

    Largest where players spread out (Grenager, Powers and Shoham 2002).
    """
    profiles = _profiles(n, m)
    different = np.stack([(profiles == action).any(axis=0) for action in range(m)]).sum(axis=0)
    worth = rng.uniform(0.5, 1.0, n).reshape(-1, *(1,) * n)
    return np.asarray(worth * different / min(n, m))


def congestion(rng: Random, n: int, m: int) -> Array:
    """Random sets out of four resources, delays that grow with the load by random steps."""
    resources = 4
    delays = {r: np.cumsum(rng.random(n)) for r in range(resources)}
    sets: list[list[list[int]]] = []
    for _ in range(n):
        own = rng.random((m, resources)) < 0.5
        own[np.arange(m), rng.integers(resources, size=m)] = True
        sets.append([np.flatnonzero(row).tolist() for row in own])
    return congestion_game(delays, sets).payoffs


def majority_voting(rng: Random, n: int, m: int) -> Array:
    """Players vote for candidates whose worth to each is random; of a tie the first wins."""
    worth = rng.random((n, m))
    profiles = _profiles(n, m)
    votes = np.stack([(profiles == candidate).sum(axis=0) for candidate in range(m)])
    return worth[:, votes.argmax(axis=0)]


def travellers_dilemma(rng: Random, n: int, m: int) -> Array:
    """Claims 1 to m with a reward between 1 and 2 for the lowest (Basu 1994).

    Whoever claims least gets its claim and the reward, the others as much less; equal claims
    are paid. Everybody claiming 1 is the only equilibrium.
    """
    reward = float(rng.uniform(1.1, 2.0))
    claims = 1.0 + _profiles(n, m)
    least = claims.min(axis=0)
    pays = np.where(claims == least, least + reward, least - reward)
    return np.where((claims == least).all(axis=0), claims, pays)


def minimum_effort(rng: Random, n: int, m: int) -> Array:
    """Random benefit of the smallest effort above the random cost of one's own.

    Everybody making the same effort is an equilibrium, whatever the effort (Van Huyck,
    Battalio and Beil 1990).
    """
    cost = float(rng.uniform(0.1, 0.5))
    benefit = cost + float(rng.uniform(0.1, 0.5))
    effort = _profiles(n, m).astype(float)
    return np.asarray(benefit * effort.min(axis=0) - cost * effort)


def prisoners_dilemma(rng: Random, n: int, m: int) -> Array:
    """Random temptation > reward > punishment > sucker's payoff; 0 is to cooperate."""
    sucker, punishment, reward, temptation = np.sort(rng.random(4))
    first = np.array([[reward, sucker], [temptation, punishment]])
    return np.stack([first, first.T])


def chicken(rng: Random, n: int, m: int) -> Array:
    """Random payoffs in the order dare alone > swerve both > swerve alone > crash; 0 swerves."""
    crash, alone, both, dare = np.sort(rng.random(4))
    first = np.array([[both, alone], [dare, crash]])
    return np.stack([first, first.T])


def battle_of_the_sexes(rng: Random, n: int, m: int) -> Array:
    """Two ways to meet, each the favourite of one player by a random margin; apart pays 0."""
    low, high = np.sort(rng.random(2))
    first = np.diag([high, low])
    return np.stack([first, np.diag([low, high])])


def stag_hunt(rng: Random, n: int, m: int) -> Array:
    """Random payoffs in the order stag together > hare > stag alone; 0 hunts the stag."""
    alone, hare, stag = np.sort(rng.random(3))
    first = np.array([[stag, alone], [hare, hare]])
    return np.stack([first, first.T])


def grab_the_dollar(rng: Random, n: int, m: int) -> Array:
    """Who grabs first gets most, both at once least, in a random order of three payoffs."""
    both, late, first = np.sort(rng.random(3))
    times = _profiles(2, m)
    mine, other = times
    pays = np.where(mine < other, first, np.where(mine > other, late, both))
    return np.stack([pays, pays.T])


def war_of_attrition(rng: Random, n: int, m: int) -> Array:
    """Two wait for a prize of random worth at a cost a period; a tie splits it."""
    worth = rng.uniform(0.5, 1.0, 2)
    cost = float(rng.uniform(0.02, 0.2))
    times = _profiles(2, m)
    waited = times.min(axis=0)
    share = np.where(times == times[::-1], 0.5, (times > times[::-1]).astype(float))
    return np.asarray(worth[:, None, None] * share - cost * waited)


def location(rng: Random, n: int, m: int) -> Array:
    """Sellers choose among m places on a street; the nearest serve random crowds (Hotelling)."""
    crowd = rng.dirichlet(np.ones(m))
    places = _profiles(n, m)
    out = np.zeros((n,) + (m,) * n)
    for customer, mass in enumerate(crowd):
        far = np.abs(places - customer)
        near = far == far.min(axis=0)
        out += mass * near / near.sum(axis=0)
    return out


def two_thirds(rng: Random, n: int, m: int) -> Array:
    """A prize of random worth for the guess nearest to two thirds of the average; ties share."""
    guesses = _profiles(n, m).astype(float)
    far = np.abs(guesses - 2 / 3 * guesses.mean(axis=0))
    near = far <= far.min(axis=0) + 1e-9
    return np.asarray(float(rng.uniform(0.5, 1.0)) * near / near.sum(axis=0))


def _profiles(n: int, m: int) -> NDArray[np.int_]:
    """Every player's action at every profile, (n, m, ..., m)."""
    return np.indices((m,) * n)


def _named(families: Iterable[Family]) -> dict[str, Family]:
    return {family.draw.__name__.replace("_", "-"): family for family in families}


FAMILIES = _named(
    (
        Family(uniform),
        Family(covariant),
        Family(zero_sum, players=2),
        Family(common_interest),
        Family(coordination),
        Family(dispersion),
        Family(congestion),
        Family(majority_voting),
        Family(travellers_dilemma),
        Family(minimum_effort),
        Family(prisoners_dilemma, players=2, actions=2),
        Family(chicken, players=2, actions=2),
        Family(battle_of_the_sexes, players=2, actions=2),
        Family(stag_hunt, players=2, actions=2),
        Family(grab_the_dollar, players=2),
        Family(war_of_attrition, players=2),
        Family(location),
        Family(two_thirds),
    )
)
