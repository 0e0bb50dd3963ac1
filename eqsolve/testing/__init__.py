"""Assertions and checkers for users' own test suites."""

from __future__ import annotations

from eqsolve.testing.assertions import assert_converges, assert_equilibrium
from eqsolve.testing.checkers import check_dynamics, check_formulation, check_solver
from eqsolve.testing.known_games import KnownGame, known_games

__all__ = [
    "KnownGame",
    "assert_converges",
    "assert_equilibrium",
    "check_dynamics",
    "check_formulation",
    "check_solver",
    "known_games",
]
