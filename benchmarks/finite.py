"""Finite games against nashpy, quantecon, pygambit and OpenSpiel: equilibria, commitment, learning.

Everybody gets the same payoffs. One judge, which knows none of the packages, computes what each
player could still gain, or what a commitment earns; an answer that fails it gets no time. Times
are processor seconds of one thread from payoffs to an answer (for eqsolve with its certificate):
of each game the fastest of a few runs after one that compiles and imports, of several games the
median of those answered. Peers that are not installed are reported as absent.

Run: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/finite.py [--short]
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import finite_learning
import numpy as np
from _common import TimeLimit, Worker, installed
from finite_learning import processor_seconds
from scipy.optimize import linprog

import eqsolve as eq
from eqsolve.results import Table
from eqsolve.solvers.lemke_howson import LemkeHowson

GOOD = 1e-6  # gain, or distance from the best known value, of payoffs in [0, 1]
LIMIT = 60.0  # seconds a peer may take for all its runs of one game
GAMES = 5  # of each size whose equilibrium is looked for


@dataclass(frozen=True)
class Contestant:
    """A package's way to an answer; `apart` runs in a process that can be stopped."""

    name: str
    package: str
    solve: Callable[[Any], Any]
    repeats: int = 5
    apart: bool = False


# --- one Nash equilibrium ---------------------------------------------------------------------


def eqsolve_nash(payoffs: Any, solver: str | None = None) -> Any:
    options = {} if solver is None else {"solver": LemkeHowson(engine=solver)}
    return eq.solve(eq.NormalFormGame(payoffs), **options).vector


def quantecon_nash(payoffs: Any) -> Any:
    from quantecon.game_theory import NormalFormGame, Player, lemke_howson

    game = NormalFormGame([Player(payoffs[0]), Player(np.ascontiguousarray(payoffs[1].T))])
    return np.concatenate(lemke_howson(game))


def gambit_nash(payoffs: Any) -> Any:
    import pygambit

    kind = getattr(pygambit, "StrategicGame", pygambit.Game)  # its name from version 17 on
    game = kind.from_arrays(payoffs[0], payoffs[1])
    found = pygambit.nash.lcp_solve(game, rational=False, stop_after=1).equilibria[0]
    return np.array([float(share) for mix in found for _, share in mix])


def nashpy_nash(payoffs: Any) -> Any:
    import nashpy

    game = nashpy.Game(payoffs[0], payoffs[1])
    for label in range(sum(payoffs[0].shape)):  # some labels end in a degenerate vertex
        mixes = game.lemke_howson(initial_dropped_label=label)
        if all(len(mix) == size for mix, size in zip(mixes, payoffs[0].shape, strict=True)):
            return np.concatenate(mixes)
    raise RuntimeError("no label led to an equilibrium")


NASH = (
    Contestant("eqsolve, its own pivoting", "eqsolve", partial(eqsolve_nash, solver="numpy")),
    Contestant("eqsolve, quantecon's pivoting", "quantecon",
               partial(eqsolve_nash, solver="quantecon")),
    Contestant("quantecon, lemke_howson", "quantecon", quantecon_nash),
    Contestant("pygambit, lcp_solve", "pygambit", gambit_nash, repeats=3, apart=True),
    Contestant("nashpy, lemke_howson", "nashpy", nashpy_nash, repeats=3, apart=True),
)  # fmt: skip


def gain(payoffs: Any, vector: Any) -> float:
    """What the better deviation of two players gains."""
    first, second = payoffs
    x, y = vector[: first.shape[0]], vector[first.shape[0] :]
    wrong = max(abs(x.sum() - 1), abs(y.sum() - 1), -x.min(), -y.min())
    mine, theirs = first @ y, x @ second
    return float(max(mine.max() - x @ mine, theirs.max() - theirs @ y, wrong))


# --- commitment -------------------------------------------------------------------------------


def eqsolve_commitment(payoffs: Any) -> Any:
    return eq.solve(eq.NormalFormGame(payoffs), eq.Stackelberg(0)).strategies[0]


def plain_commitment(payoffs: Any) -> Any:
    """A linear program for every answer, as one would write them with scipy."""
    own, other = payoffs
    best, mix = -np.inf, None
    for answer in range(own.shape[1]):
        worse = np.delete(other - other[:, [answer]], answer, axis=1).T
        done = linprog(-own[:, answer], A_ub=worse, b_ub=np.zeros(len(worse)),
                       A_eq=np.ones((1, own.shape[0])), b_eq=[1.0])  # fmt: skip
        if done.status == 0 and -done.fun > best:
            best, mix = -done.fun, done.x
    return mix


def openspiel_commitment(payoffs: Any) -> Any:
    import pyspiel
    from open_spiel.python.algorithms.stackelberg_lp import solve_stackelberg

    return solve_stackelberg(pyspiel.create_matrix_game(*payoffs))[0]


COMMITMENT = (
    Contestant("eqsolve", "eqsolve", eqsolve_commitment),
    Contestant("scipy, a program an answer", "scipy", plain_commitment, repeats=3),
    Contestant("OpenSpiel, stackelberg_lp", "pyspiel", openspiel_commitment, repeats=1,
               apart=True),
)  # fmt: skip


def earned(payoffs: Any, mix: Any) -> float:
    """The leader's payoff when the follower breaks ties, up to rounding, in its favour."""
    own, other = mix @ payoffs[0], mix @ payoffs[1]
    return float(own[other >= other.max() - 1e-7].max())


# --- coarse correlated equilibrium ------------------------------------------------------------


def eqsolve_coarse(payoffs: Any) -> Any:
    return eq.solve(eq.NormalFormGame(payoffs), eq.CoarseCorrelated("welfare")).distribution


def coarse_rows(payoffs: Any) -> Any:
    """Gain of every fixed action at every profile, (sum of actions, profiles)."""
    rows = []
    for i, own in enumerate(payoffs):
        rows += [(own.take([a], axis=i) - own).ravel() for a in range(own.shape[i])]
    return np.array(rows)


def plain_coarse(payoffs: Any) -> Any:
    rows = coarse_rows(payoffs)
    done = linprog(-payoffs.sum(axis=0).ravel(), A_ub=rows, b_ub=np.zeros(len(rows)),
                   A_eq=np.ones((1, rows.shape[1])), b_eq=[1.0])  # fmt: skip
    return done.x.reshape(payoffs.shape[1:])


def openspiel_coarse(payoffs: Any) -> Any:
    """OpenSpiel's own program of the largest welfare, with Clarabel in place of ECOS."""
    from open_spiel.python.algorithms import jpsro

    rows, _ = jpsro._cce_constraints(
        payoffs, [0.0] * len(payoffs), remove_null=True, zero_tolerance=1e-8
    )
    options = {"solver": "CLARABEL", "tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9}
    cost = payoffs.sum(axis=0).ravel()
    joint, _ = jpsro._linear(payoffs, rows, np.zeros(len(rows)), cost=cost, solver_kwargs=options)
    return joint


COARSE = (
    Contestant("eqsolve", "eqsolve", eqsolve_coarse),
    Contestant("scipy, linprog", "scipy", plain_coarse, repeats=3),
    Contestant("OpenSpiel, jpsro's program", "pyspiel", openspiel_coarse, repeats=1, apart=True),
)


def coarse_shortfall(payoffs: Any, joint: Any, best: float) -> float:
    """The largest gain from a fixed action, or what is missing of the best welfare."""
    flat = np.ravel(joint)
    wrong = max(-flat.min(), abs(flat.sum() - 1))
    missing = best - float(payoffs.sum(axis=0).ravel() @ flat)
    return float(max((coarse_rows(payoffs) @ flat).max(), missing, wrong))


# --- the tables -------------------------------------------------------------------------------


def measured(solve: Callable[[Any], Any], payoffs: Any, repeats: int) -> tuple[Any, float]:
    """An answer, and the processor seconds of the fastest of some later runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = solve(payoffs)
        return answer, processor_seconds(lambda: solve(payoffs), repeats)


def rows_of(
    contestants: tuple[Contestant, ...],
    games: list[Any],
    judge: Callable[[int, Any], float],
    worker: Worker,
) -> Iterator[tuple[Any, ...]]:
    """One row a contestant: `HEADERS`. After two games without an answer no more are given."""
    base = None
    for one in contestants:
        if one.package != "eqsolve" and not installed(one.package):
            yield one.name, "absent", None, None, None
            continue
        off, taken, lost = 0.0, [], []
        for place, payoffs in enumerate(games):
            arguments = (one.solve, payoffs, one.repeats)
            try:
                answer, seconds = (
                    worker.run(measured, *arguments, limit=LIMIT)
                    if one.apart
                    else measured(*arguments)
                )
            except (TimeLimit, RuntimeError) as reason:
                lost.append(str(reason).splitlines()[0][:60])
                if len(lost) == 2:
                    break
                continue
            off = max(off, judge(place, answer))
            taken.append(seconds)
        answered = f"{len(taken)} of {len(taken) + len(lost)}"
        if not taken or off > GOOD:
            yield one.name, "wrong" if taken else lost[0], answered, off if taken else None, None
            continue
        seconds = median(taken)
        base = seconds if base is None else base
        yield one.name, 1e3 * seconds, answered, off, seconds / base


HEADERS = ("code", "milliseconds", "answered", "what the judge misses", "times eqsolve")


def nash(size: int, worker: Worker) -> Table:
    games = list(np.random.default_rng(size).random((GAMES, 2, size, size)))
    rows = rows_of(NASH, games, lambda place, point: gain(games[place], point), worker)
    title = f"One Nash equilibrium of {size} x {size}, median of {GAMES} games"
    return Table(HEADERS, tuple(rows), title=title)


def commitment(size: int, worker: Worker) -> Table:
    payoffs = np.random.default_rng(size).random((2, size, size))
    best = earned(payoffs, plain_commitment(payoffs))
    rows = rows_of(COMMITMENT, [payoffs], lambda _, mix: best - earned(payoffs, mix), worker)
    return Table(HEADERS, tuple(rows), title=f"Optimal commitment on {size} x {size}")


def coarse(players: int, size: int, worker: Worker) -> Table:
    payoffs = np.random.default_rng(size).random((players, *(size,) * players))
    best = float(payoffs.sum(axis=0).ravel() @ plain_coarse(payoffs).ravel())
    rows = rows_of(
        COARSE, [payoffs], lambda _, joint: coarse_shortfall(payoffs, joint, best), worker
    )
    title = f"Coarse correlated equilibrium of largest welfare, {players} players x {size}"
    return Table(HEADERS, tuple(rows), title=title)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a tenth of the learning rounds")
    parser.add_argument("--only", choices=("programs", "learning"), help="one of the two halves")
    asked = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        print("OPENBLAS_NUM_THREADS is not 1: processor seconds count all threads.")
    worker = Worker()
    share = 10 if asked.short else 1
    programs: tuple[Callable[[], Table], ...] = (
        lambda: nash(20, worker),
        lambda: nash(100, worker),
        lambda: commitment(50, worker),
        lambda: coarse(3, 20, worker),
    )
    learning: tuple[Callable[[], Table], ...] = (
        lambda: finite_learning.one_long_run(100_000 // share, 100, 3),
        lambda: finite_learning.many_runs(1000 // share, 1000, 3),
        lambda: finite_learning.accuracy(1000),
    )
    for line in () if asked.only == "learning" else programs:
        print(line(), end="\n\n", flush=True)
    for line in () if asked.only == "programs" else learning:
        print(line(), end="\n\n", flush=True)
    worker.stop()


if __name__ == "__main__":
    main()
