"""Is my learner without regret, and where among the correlated equilibria does it end?

The learner here is a plain class with `act` and `update`: nothing of eqsolve's. It plays
chicken and a random game against itself.

Run: python examples/matrix_game_learner.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import eqsolve as eq
from eqsolve.plotting import save

TOLERANCE = 1e-6


class MyHedge:
    """Exponential weights on what every own action would have paid."""

    def __init__(self, actions: int = 4, spread: float = 1.0) -> None:
        self.scores, self.spread, self.rounds = np.zeros(actions), spread, 0

    def act(self, rng: np.random.Generator) -> np.ndarray:
        rate = 2 * np.sqrt(np.log(self.scores.size) / (self.rounds + 1))
        weights = np.exp(rate * (self.scores - self.scores.max()))
        return weights / weights.sum()

    def update(self, payoffs: np.ndarray) -> None:
        self.scores += payoffs / self.spread
        self.rounds += 1


def my_bound(rounds: np.ndarray, actions: int) -> np.ndarray:
    """What my analysis promises: average regret at most sqrt(ln n / T)."""
    return np.sqrt(np.log(actions) / rounds)


def run(folder: Path) -> tuple[list[float], list[float]]:
    """Play, assert, validate, draw; returns welfare of the best equilibria and regret."""
    game = eq.NormalFormGame(np.random.default_rng(7).random((2, 4, 4)))
    agents = eq.dynamics.Agents([MyHedge, MyHedge], feedback="expected")
    path = eq.simulate(game, agents, steps=2000, record_every=20)
    eq.testing.assert_no_regret(path, bound=my_bound, min_order=0.3)
    report = eq.validate(path)
    print(report.summary())
    save(report.plot(), folder / "matrix_game_learner.png")

    # In chicken, correlated equilibria reach a welfare of 21/2 (Aumann 1974: 21/4 each).
    chicken = eq.NormalFormGame.bimatrix([[0, 7], [2, 6]], [[0, 2], [7, 6]])
    pair = eq.dynamics.Agents([lambda: MyHedge(2, 7.0)] * 2, feedback="sampled")
    play = eq.simulate(chicken, pair, steps=500, replications=20, seed=0, record_every=10)
    band = eq.validate(play, concept="correlated").band
    print(band)

    # The same learner from the library plays the same.
    ours = eq.simulate(game, eq.dynamics.MultiplicativeWeights(unit=1.0), steps=2000)
    return [band.best[-1], path.regret()[-1, 0]], [10.5, ours.regret()[-1, 0]]


if __name__ == "__main__":
    run(Path())
