"""Score-feedback policy gradient: eqsolve's simulate against a plain NumPy loop.

Both run the same market in one process; their learned means are compared, in standard
errors, before any time counts.

Run: python benchmarks/learning.py [--steps 20000] [--replications 1000] [--firms 10]
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

import eqsolve as eq
from eqsolve.models.demand import LinearDemand
from eqsolve.results import Table

STEP, SIGMA, BASELINE = 1e-4, 0.02, 0.01


def plain_loop(costs: np.ndarray, start: np.ndarray, runs: int, steps: int) -> np.ndarray:
    """What one would write without eqsolve; price 1 - Q."""
    rng = np.random.default_rng(0)
    theta = np.tile(start, (runs, 1))
    action = np.maximum(theta, 0)
    mean = action * (1 - action.sum(axis=1, keepdims=True) - costs)
    for _ in range(steps):
        x = rng.normal(scale=SIGMA, size=theta.shape)
        action = np.maximum(theta + x, 0)
        payoff = action * (1 - action.sum(axis=1, keepdims=True) - costs)
        theta = theta + STEP * (payoff - mean) * x / SIGMA**2
        mean = mean + BASELINE * (payoff - mean)
    return theta


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--replications", type=int, default=1_000)
    parser.add_argument("--firms", type=int, default=10)
    asked = parser.parse_args()
    costs = np.linspace(0, 0.05, asked.firms)
    game = eq.models.cournot(costs=list(costs), demand=LinearDemand(1.0, 1.0))
    start = np.full(asked.firms, 0.8 / (asked.firms + 1))
    learner = eq.dynamics.PolicyGradient(
        step=STEP, sigma=SIGMA, feedback="score", baseline=BASELINE
    )
    eq.simulate(game, learner, start=start, steps=2, replications=2)  # compiles the game
    begun = time.perf_counter()
    path = eq.simulate(
        game, learner, start=start, steps=asked.steps, replications=asked.replications,
        seed=0, record_every=asked.steps,
    )  # fmt: skip
    ours = time.perf_counter() - begun
    begun = time.perf_counter()
    theirs = plain_loop(costs, start, asked.replications, asked.steps)
    plain = time.perf_counter() - begun
    apart = path.final.mean(axis=0) - theirs.mean(axis=0)
    error = np.sqrt((path.final.var(axis=0) + theirs.var(axis=0)) / asked.replications)
    worst = float(np.abs(apart / error).max())
    if worst > 5:
        raise SystemExit(f"The two disagree by {worst:.1f} standard errors; no times are given.")
    moves = asked.steps * asked.replications * asked.firms
    rows = (
        ("eqsolve.simulate", ours, moves / ours / 1e6, 1.0),
        ("plain NumPy loop", plain, moves / plain / 1e6, plain / ours),
    )
    title = (
        f"{asked.replications} replications x {asked.steps} steps x {asked.firms} firms, "
        f"{os.cpu_count()} processors; means agree within {worst:.1f} standard errors"
    )
    headers = ("code", "seconds", "million player-steps a second", "ratio")
    print(Table(headers, rows, title=title))


if __name__ == "__main__":
    main()
