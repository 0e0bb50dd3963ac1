"""Bilevel problems with a non-convex follower: published optimum, ours, the bound proven, seconds.

The problems and their sources stand in tests/known_answers/bilevel/nonconvex_follower.py.

Run: python benchmarks/nonconvex_followers.py [--seconds 60] [NAME ...]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import eqsolve as eq
from eqsolve.results import Table

sys.path.append(str(Path(__file__).parents[1] / "tests" / "known_answers"))
from bilevel import nonconvex_follower

HEADERS = ("problem", "published", "ours", "bound", "seconds", "end")


def row(problem: Any, seconds: float) -> tuple[Any, ...]:
    """One problem's line; seconds include the certificate."""
    began = time.perf_counter()
    value = bound = None
    try:
        found = eq.solve(
            problem.game,
            eq.Stackelberg(problem.leader),
            formulation="value-function",
            seconds=seconds,
        )
        value, bound = found.payoffs[problem.leader], found.certificate.bound
        off = abs(value - problem.value) / max(1.0, abs(problem.value))
        end = "as published" if off <= 1e-3 else "better" if value < problem.value else "WRONG"
    except eq.NoFormulation:
        end = "refused"
    except eq.EquilibriumNotFound:
        end = "not found"
    return problem.name, problem.value, value, bound, time.perf_counter() - began, end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names; all problems by default")
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    chosen = [
        build()
        for build in nonconvex_follower.PROBLEMS
        if not asked.names or any(name in build.__name__ for name in asked.names)
    ]
    print(Table(HEADERS, tuple(row(problem, asked.seconds) for problem in chosen)))


if __name__ == "__main__":
    main()
