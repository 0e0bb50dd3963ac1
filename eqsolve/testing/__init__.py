"""Assertions and checkers for users' own test suites."""

from __future__ import annotations

from eqsolve.testing.assertions import assert_converges, assert_equilibrium
from eqsolve.testing.checkers import check_dynamics, check_formulation, check_solver
from eqsolve.testing.known_games import KnownGame, known_games
from eqsolve.testing.no_regret import assert_no_regret

__all__ = [
    "KnownGame",
    "assert_converges",
    "assert_equilibrium",
    "assert_no_regret",
    "check_dynamics",
    "check_formulation",
    "check_solver",
    "known_games",
]
