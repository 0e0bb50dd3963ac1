"""Learning with a leader: time to 1e-8 for every dynamics, and followers of a thousand variables
and more.

1. Covariance estimation (Fiez, Chasnov and Ratliff 2020): every dynamics in one run, from one
   start, at the published steps where it is stable there and at half, a quarter, ... otherwise.
2. A leader over a follower of 1,000 bounded variables, by formulation "mpec".
3. The total derivative along a follower of 10,000 variables, whose Hessian is never formed.

Before any time counts: the game's total derivative is compared with the published formula; runs
must end at a fixed point; the leader's optimum is found again by a line search over followers
solved by cvxpy; the large total derivative is computed again with a sparse factorization.

Run: python benchmarks/stackelberg.py [--sizes 9 25] [--steps 10000] [--followers 1000]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from _common import fresh_interpreter, timed
from scipy.optimize import minimize_scalar
from scipy.sparse.linalg import spsolve

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.formulations.total_derivative import TotalDerivative
from eqsolve.results import Table

GOAL = 1e-8
LOST = 1e6  # a distance beyond which a run has diverged
CHUNK = 100  # steps between looks at the distance
HALVINGS = 4  # of the step, before a dynamics counts as diverging
LEADER_STEP, TIMESCALE = 0.015, 2.0  # published: 0.015 for the leader, twice that for the follower
METHODS: dict[str, Callable[[float], Any]] = {
    "gradient play": lambda g: dy.GradientPlay(g),
    "two time scales": lambda g: dy.TimescaleGradient("leader", TIMESCALE * g, TIMESCALE),
    "Stackelberg gradient": lambda g: dy.StackelbergGradient("leader", TIMESCALE * g, TIMESCALE),
    "follow the ridge": lambda g: dy.FollowTheRidge("leader", TIMESCALE * g, TIMESCALE),
    "extra-gradient": lambda g: dy.ExtraGradient(g),
    "optimistic gradient": lambda g: dy.OptimisticGradient(g),
    "consensus optimization": lambda g: dy.ConsensusOptimization(g),
    "symplectic adjustment": lambda g: dy.SymplecticAdjustment(g),
    "competitive gradient": lambda g: dy.CompetitiveGradient(g),
}


@dataclass(frozen=True)
class Covariance:
    """sum W * (S - VV') for the generator V, its negative plus (m / 10) |W|^2 for W."""

    game: eq.Game
    target: np.ndarray

    @classmethod
    def of(cls, target: np.ndarray) -> Covariance:
        """The game for a covariance matrix S."""
        m = target.shape[0]
        v, w = cp.Variable((m, m), name="V"), cp.Variable((m, m), name="W")
        score = cp.sum(cp.multiply(w, target - v @ v.T))
        penalty = m / 10 * cp.sum_squares(w)
        leader = eq.Player("leader", cp.Minimize(score), [v])
        return cls(
            eq.Game([leader, eq.Player("follower", cp.Minimize(penalty - score), [w])]), target
        )

    def split(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """V and W."""
        m = self.target.shape[0]
        return point[: m * m].reshape(m, m), point[m * m :].reshape(m, m)

    def distance(self, point: np.ndarray) -> float:
        """|S - VV'|."""
        v, _ = self.split(point)
        return float(np.linalg.norm(self.target - v @ v.T))

    def check_derivative(self, point: np.ndarray) -> None:
        """Against D c = -(W + W')V - (2 / eta)(S - VV')V, eta = m / 5."""
        v, w = self.split(point)
        eta = self.target.shape[0] / 5
        wanted = -(w + w.T) @ v - 2 / eta * (self.target - v @ v.T) @ v
        found = TotalDerivative(self.game.declared, (0,)).gradient(point)
        if not np.allclose(found, wanted.ravel(), rtol=1e-9, atol=1e-9):
            raise SystemExit("The total derivative is not the published one; no times are given.")

    def check_answer(self, point: np.ndarray, name: str) -> None:
        """V a root of S and W what answers it, up to its part that no distance shows."""
        _, w = self.split(point)
        slope = np.abs(self.game.numbers.gradient(point)).max()
        if slope > 1e-3 or np.abs(w + w.T).max() > 1e-3:
            raise SystemExit(f"{name} ends where somebody would move; no times are given.")


def covariance_rows(known: Covariance, start: np.ndarray, limit: int) -> list[tuple[Any, ...]]:
    """One row a dynamics."""
    rows = []
    for name, make in METHODS.items():
        for step in LEADER_STEP * 0.5 ** np.arange(HALVINGS + 1):
            seconds, steps, distance, final = run(known, make(step), start, limit)
            if distance < LOST:
                break
        shown: Any = f"not in {limit} steps: at {distance:.2g}"
        if distance == np.inf:
            shown = "diverges"
        elif distance <= GOAL:
            known.check_answer(final, name)
            shown = seconds
        rows.append((name, step, shown, steps, 1e3 * seconds / steps))
    return rows


def run(
    known: Covariance, learner: Any, start: np.ndarray, limit: int
) -> tuple[float, int, float, np.ndarray]:
    """Seconds and steps until the goal, the limit or divergence, and where that is."""
    eq.simulate(known.game, learner, start=start, steps=1)  # compiles what the dynamics needs
    path, taken, begun = None, 0, time.perf_counter()
    while True:
        taken = min(taken + CHUNK, limit)
        path = eq.simulate(
            known.game, learner, start=start, steps=taken, record_every=limit, resume=path
        )
        with np.errstate(all="ignore"):
            distance = known.distance(path.final[0])
        distance = distance if distance < LOST else np.inf
        if taken == limit or distance <= GOAL or distance == np.inf:
            return time.perf_counter() - begun, taken, distance, path.final[0]


def covariance_tables(sizes: list[int], limit: int) -> None:
    """The published covariances UU', and I + UU' / m, whose smallest eigenvalue is not tiny."""
    headers = ("dynamics", "leader's step", f"seconds to {GOAL:g}", "steps", "ms a step")
    for m in sizes:
        rng = np.random.default_rng(m)
        root = rng.standard_normal((m, m))
        start = rng.standard_normal(2 * m * m)
        for label, target in (
            ("UU'", root @ root.T),
            ("I + UU'/m", np.eye(m) + root @ root.T / m),
        ):
            known = Covariance.of(target)
            known.check_derivative(start)
            low, *_, high = np.linalg.eigvalsh(target)
            title = f"Covariance S = {label}, m = {m}: eigenvalues {low:.2g} to {high:.2g}"
            print(Table(headers, tuple(covariance_rows(known, start, limit)), title=title))
            print()


def bilevel_row(n: int) -> tuple[Any, ...]:
    """Leader x >= 0 against min y'Hy / 2 - (x a + b)'y over y >= 0, H tridiagonal."""
    rng = np.random.default_rng(0)
    push, wish = rng.uniform(0.5, 1.5, n), rng.uniform(-1.0, 0.5, n)
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(n, nonneg=True, name="y")
    smooth = cp.sum_squares(y[1:] - y[:-1]) / 2 + cp.sum_squares(y) / 4
    leader = eq.Player("leader", cp.Minimize(n * cp.square(x - 1) + cp.sum(y)), [x])
    follower = eq.Player("follower", cp.Minimize(smooth - x * (push @ y) - wish @ y), [y])
    game = eq.Game([leader, follower])

    def solve() -> Any:
        return eq.solve(game, eq.Stackelberg("leader"), formulation="mpec")

    took = timed(solve, repeats=3)
    given = cp.Parameter()
    answer = cp.Problem(cp.Minimize(smooth - cp.multiply(given, push) @ y - wish @ y))

    def led(value: float) -> float:
        given.value = value
        answer.solve(solver="CLARABEL")
        return n * (value - 1) ** 2 + float(y.value.sum())

    searched = minimize_scalar(led, bounds=(0.0, 2.0), method="bounded", options={"xatol": 1e-9})
    found = took.answer.payoffs["leader"]
    if abs(found - searched.fun) > 1e-6 * abs(searched.fun):
        raise SystemExit(f"The leader's cost is {found}, a line search finds {searched.fun}.")
    held = int((took.answer.vector[1:] < 1e-9).sum())
    return n, held, found, took.first, took.again


LARGE = 10_000
DERIVATIVE = f"""
import json, time, cvxpy as cp, numpy as np, eqsolve as eq
from eqsolve.formulations.total_derivative import TotalDerivative
n = {LARGE}
rng = np.random.default_rng(0)
push, point = rng.uniform(0.5, 1.5, n), rng.standard_normal(n + 1)
x, y = cp.Variable(name="x"), cp.Variable(n, name="y")
cost = cp.sum_squares(y[1:] - y[:-1]) / 2 + cp.sum_squares(y) / 4 + cp.sum(cp.power(y, 4)) / 12
game = eq.Game([
    eq.Player("leader", cp.Minimize(cp.square(x - 1) + cp.sum_squares(y - 1) / n), [x]),
    eq.Player("follower", cp.Minimize(cost - x * (push @ y)), [y]),
])
total = TotalDerivative(game.declared, (0,))
value = float(total.gradient(point)[0])
begun = time.perf_counter()
for _ in range(10):
    total.gradient(point)
print(json.dumps(dict(value=value, seconds=(time.perf_counter() - begun) / 10)))
"""


def derivative_row() -> tuple[Any, ...]:
    """In a fresh interpreter, so that the memory is its own."""
    done = fresh_interpreter(DERIVATIVE)
    rng = np.random.default_rng(0)
    push, point = rng.uniform(0.5, 1.5, LARGE), rng.standard_normal(LARGE + 1)
    x, y = point[0], point[1:]
    ones = np.ones(LARGE - 1)
    gaps = sp.diags([-ones, ones], [0, 1], shape=(LARGE - 1, LARGE))
    hessian = gaps.T @ gaps + sp.diags(0.5 + y**2)
    wanted = 2 * (x - 1) + 2 * (y - 1) / LARGE @ spsolve(hessian.tocsc(), push)
    if abs(done.printed["value"] - wanted) > 1e-9 * abs(wanted):
        raise SystemExit(f"D c is {done.printed['value']}, a sparse factorization says {wanted}.")
    return LARGE, wanted, done.printed["seconds"], done.megabytes, 8 * LARGE**2 / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[9, 25])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--followers", type=int, default=1_000)
    asked = parser.parse_args()
    print(f"{os.cpu_count()} processors\n")
    covariance_tables(asked.sizes, asked.steps)
    headers = ("follower's variables", "at their bound", "leader's cost", "first s", "again s")
    row = bilevel_row(asked.followers)
    print(Table(headers, (row,), title='Bilevel program by formulation "mpec"'))
    print()
    headers = ("follower's variables", "D c", "seconds", "peak MB, all in", "dense Hessian MB")
    title = "Total derivative, the follower's Hessian never formed"
    print(Table(headers, (derivative_row(),), title=title))


if __name__ == "__main__":
    main()
