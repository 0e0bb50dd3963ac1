"""Sampling designs on chains of 10^2 to 10^6 states: ours against Clarabel and SCS.

Everybody solves the same scaled program. An answer counts for what its policy does: the variance
at the policy's exact stationary law, against a lower bound that any numbers h give and no solver's
claim enters. Ours runs in a process of its own, so that its peak memory is its own.

    python benchmarks/design.py                          five families, 10^2 to 10^5 states
    python benchmarks/design.py --sizes 100 1000         the short form
    python benchmarks/design.py --million "random sparse"
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from _chains import FAMILIES
from _common import TimeLimit, Worker

import eqsolve as eq
from eqsolve.design.certificate import prove
from eqsolve.design.occupancy import policy_of
from eqsolve.errors import EqsolveError
from eqsolve.results import Table
from eqsolve.solvers.design_convex import DesignConvex
from eqsolve.solvers.design_interior_point import DesignInteriorPoint

GAP = 1e-8  # what a design must be proven to
PEERS = ("CLARABEL", "SCS")
LARGEST_FOR_PEERS = 10_000
FLOOR = 0.05


@dataclass(frozen=True)
class Ours:
    """Our answer to one case.

    Attributes
    ----------
    declared, solved, proven : float
        Seconds until the chains' laws and biases are known, of the engine alone, and of the
        whole of `optimal_design` with its exact certificate.
    """

    program: Any
    bound: float
    variance: float
    gap: float
    steps: int
    declared: float
    solved: float
    proven: float
    megabytes: float


def ours(family: str, states: int, floor: float) -> Ours:
    """Declare, solve and prove one case."""
    begun = time.perf_counter()
    experiment = FAMILIES[family](states)
    assert np.isfinite(experiment.step_variances).all()
    declared = time.perf_counter() - begun
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", eq.SlowMixing)
        design = eq.optimal_design(experiment, floor=floor or None)
    proven = time.perf_counter() - begun
    begun = time.perf_counter()
    solution = DesignInteriorPoint().solve(design.program)
    solved = time.perf_counter() - begun
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes /= 2**20 if sys.platform == "darwin" else 2**10
    return Ours(
        design.program, design.bound, design.variance, design.relative_gap, solution.iterations,
        declared, solved, proven, megabytes,
    )  # fmt: skip


@dataclass(frozen=True)
class Theirs:
    """What a conic solver says, in what time, and what its policy is worth."""

    seconds: float
    claimed: float
    variance: float
    status: str


def theirs(family: str, states: int, program: Any, engine: str) -> Theirs:
    """Solve the same program with a conic solver, and judge its policy by its exact law."""
    begun = time.perf_counter()
    solution = DesignConvex(engines=(engine,)).solve(program)
    seconds = time.perf_counter() - begun
    experiment = FAMILIES[family](states)
    occupancy = np.maximum(solution.values.reshape(program.arms, -1), 0.0)
    claimed = np.nan if solution.objective is None else float(solution.objective)
    try:
        coin = np.full((experiment.states, experiment.arms), 1 / experiment.arms)
        value = prove(experiment, program, policy_of(occupancy / occupancy.sum(), coin)).value
    except EqsolveError:  # several closed classes, or no numbers at all
        value = np.inf
    return Theirs(seconds, claimed, value, solution.status.name.lower())


def rows(family: str, states: int, floor: float, limit: float, peers: bool) -> list[tuple]:
    """One row a contestant."""
    worker = Worker()
    try:
        found = worker.run(ours, family, states, floor, limit=3600)
    finally:
        worker.stop()
    if not found.gap <= GAP:
        print(f"{family}, {states}: proven only to {found.gap:.1e}", file=sys.stderr)
    case = (family, states, floor)
    out = [
        (*case, "eqsolve", found.steps, found.solved, found.proven, found.declared,
         f"{found.gap:.1e}", "", "", f"{found.megabytes:.0f}")
    ]  # fmt: skip
    for engine in PEERS if peers and states <= LARGEST_FOR_PEERS else ():
        worker = Worker()
        try:
            other = worker.run(theirs, family, states, found.program, engine, limit=limit)
        except (TimeLimit, RuntimeError) as reason:
            out.append((*case, engine.lower(), "", str(reason)[:40], "", "", "", "", "", ""))
            continue
        finally:
            worker.stop()
        off = f"{other.variance / found.bound - 1:.1e}"
        claim = f"{other.claimed / found.bound - 1:+.1e}"
        ratio = other.seconds / found.solved
        out.append((*case, engine.lower(), other.status, other.seconds, "", "", off, claim,
                    f"{ratio:.1f}", ""))  # fmt: skip
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 1_000, 10_000, 100_000])
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for a peer")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--million", choices=list(FAMILIES), help="one family at 10^6 states")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} processors\n")
    headers = (
        "family", "states", "floor", "engine", "steps", "engine s", "with proof s", "laws s",
        "policy above bound", "claim to bound", "times ours", "peak MB",
    )  # fmt: skip
    if asked.million:
        made = rows(asked.million, 10**6, 0.0, asked.limit, peers=False)
        print(Table(headers, tuple(made), title="A million states"))
        return
    for family in asked.families:
        made = [
            row
            for states in asked.sizes
            for floor in (0.0, FLOOR)
            for row in rows(family, states, floor, asked.limit, not asked.alone)
        ]
        print(Table(headers, tuple(made), title=family.capitalize()), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
