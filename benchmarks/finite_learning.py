"""Learning in matrix games: eq.simulate against plain NumPy loops and OpenSpiel.

Every learner is first checked against the plain loop, round by round, and its regret against
its proven bound; no times are given otherwise. Times are processor seconds of one thread, so
that other work on the machine does not count; peers that are not installed are said so.

Run: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/finite_learning.py [--short]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _common import installed

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.results import Table

CHECKED = 300  # rounds compared one by one before any time counts


def plain_weights(game: Any, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Multiplicative weights with eta_t = 2 sqrt(ln n / t), as one would write them."""
    A, B = game.payoffs
    n, m = A.shape
    U, V, x_sum, y_sum = np.zeros(n), np.zeros(m), np.zeros(n), np.zeros(m)
    first, second = np.ptp(A), np.ptp(B)
    for t in range(1, rounds + 1):
        p = np.exp(2 * np.sqrt(np.log(n) / t) * (U - U.max()))
        q = np.exp(2 * np.sqrt(np.log(m) / t) * (V - V.max()))
        x, y = p / p.sum(), q / q.sum()
        U += A @ y / first
        V += x @ B / second
        x_sum += x
        y_sum += y
    return x_sum / rounds, y_sum / rounds


def plain_matching(game: Any, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Regret matching as one would write it."""
    A, B = game.payoffs
    n, m = A.shape
    R, S, x_sum, y_sum = np.zeros(n), np.zeros(m), np.zeros(n), np.zeros(m)
    for _ in range(rounds):
        p, q = np.maximum(R, 0), np.maximum(S, 0)
        x = p / p.sum() if p.sum() > 0 else np.full(n, 1 / n)
        y = q / q.sum() if q.sum() > 0 else np.full(m, 1 / m)
        u, v = A @ y, x @ B
        R += u - x @ u
        S += v - y @ v
        x_sum += x
        y_sum += y
    return x_sum / rounds, y_sum / rounds


def openspiel_matching(game: Any, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """OpenSpiel's regret matching; the start counts as a round of its average."""
    from open_spiel.python.algorithms.regret_matching import regret_matching

    return tuple(regret_matching(list(game.payoffs), iterations=rounds - 1, gamma=0.0))


def processor_seconds(call: Callable[[], Any], repeats: int) -> float:
    """The fastest of some runs: what others do on the machine can only slow a run down."""
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return min(taken)


def check(game: Any, learner: Any, plain: Callable[..., Any]) -> None:
    """The learner is the plain loop, and keeps its bound."""
    path = eq.simulate(game, learner, steps=CHECKED)
    wanted = np.concatenate(plain(game, CHECKED))
    worst = float(np.abs(path.average_strategies[-1, 0] - wanted).max())
    if worst > 1e-9:
        raise SystemExit(f"{learner!r} differs from the plain loop by {worst:.1e}.")
    eq.testing.assert_no_regret(path, bound=learner)


def one_long_run(rounds: int, size: int, repeats: int) -> Table:
    """One run of a size x size game, with average joint play kept."""
    game = eq.NormalFormGame(np.random.default_rng(0).random((2, size, size)))
    pairs = [(dy.MultiplicativeWeights(), plain_weights), (dy.RegretMatching(), plain_matching)]
    rows = []
    for learner, plain in pairs:
        check(game, learner, plain)
        name = type(learner).__name__
        base = processor_seconds(lambda p=plain: p(game, rounds), repeats)
        rows.append((f"plain NumPy, {name}", base, 1.0))
        ours = processor_seconds(lambda own=learner: run(game, own, rounds), repeats)
        rows.append((f"eqsolve, {name}", ours, base / ours))
    for learner in (
        dy.OptimisticMultiplicativeWeights(),
        dy.RegretMatchingPlus(),
        dy.PredictiveRegretMatchingPlus(),
    ):
        ours = processor_seconds(lambda own=learner: run(game, own, rounds), repeats)
        rows.append((f"eqsolve, {type(learner).__name__}", ours, None))
    if installed("open_spiel"):
        theirs = processor_seconds(lambda: openspiel_matching(game, rounds), repeats)
        rows.append(("OpenSpiel, regret_matching", theirs, base / theirs))
    else:
        rows.append(("OpenSpiel", "not installed", None))
    title = f"one run of {rounds} rounds on {size} x {size}"
    return Table(("code", "processor seconds", "times the plain loop"), tuple(rows), title=title)


def run(game: Any, learner: Any, rounds: int, replications: int = 1) -> Any:
    return eq.simulate(
        game, learner, steps=rounds, record_every=rounds, replications=replications,
        seed=0, workers=1,
    )  # fmt: skip


def many_runs(rounds: int, replications: int, repeats: int) -> Table:
    """Replications of a 3 x 3 game, in millions of updates of both players a second."""
    game = eq.NormalFormGame(np.random.default_rng(0).random((2, 3, 3)))
    rows = []
    for learner in (
        dy.MultiplicativeWeights(),
        dy.RegretMatching(),
        dy.RegretMatchingPlus(),
        dy.PredictiveRegretMatchingPlus(),
        dy.MultiplicativeWeights(feedback="sampled"),
        dy.QLearning(),
        dy.Exp3(),
        dy.TsallisINF(),
    ):
        label = f"eqsolve, {type(learner).__name__}, {learner.feedback}"
        seconds = processor_seconds(
            lambda own=learner: run(game, own, rounds, replications), repeats
        )
        rows.append((label, rounds * replications / seconds / 1e6))
    if installed("open_spiel"):
        few = 2000
        seconds = processor_seconds(lambda: openspiel_matching(game, few), repeats)
        rows.append(("OpenSpiel, regret_matching", few / seconds / 1e6))
    else:
        rows.append(("OpenSpiel", "not installed"))
    title = f"{replications} replications of 3 x 3, {rounds} rounds"
    return Table(("code", "million two-player updates a second"), tuple(rows), title=title)


def accuracy(rounds: int) -> Table:
    """Average gap of 64 random 4 x 4 games to their coarse correlated equilibria."""
    payoffs = np.random.default_rng(5).random((64, 2, 4, 4))
    rows = []
    for name, second in (("general", payoffs[:, 1]), ("zero-sum", 1 - payoffs[:, 0])):
        batch = eq.GameBatch(np.stack([payoffs[:, 0], second], axis=1))
        base = None
        for learner in (
            dy.MultiplicativeWeights(),
            dy.RegretMatching(),
            dy.RegretMatchingPlus(),
            dy.PredictiveRegretMatchingPlus(),
        ):
            path = eq.simulate(batch, learner, steps=rounds)
            gap = float(path.coarse_correlated_gap()[-1].mean())
            base = base or gap
            bound = np.sqrt(np.log(4) / (2 * path.steps[1:, None]))
            under = float((path.relative_regrets().max(axis=2)[1:] / bound).max())
            rows.append((name, type(learner).__name__, gap, base / gap, under))
    headers = (
        "games",
        "learner",
        "gap",
        "nearer than weights",
        "regret / sqrt(ln n / 2T), largest",
    )
    return Table(headers, tuple(rows), title=f"64 random 4 x 4 games after {rounds} rounds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a tenth of the rounds")
    asked = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        print("OPENBLAS_NUM_THREADS is not 1: processor seconds count all threads.")
    share = 10 if asked.short else 1
    for table in (
        one_long_run(100_000 // share, 100, 3),
        many_runs(1000 // share, 1000, 3),
        accuracy(1000),
    ):
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
