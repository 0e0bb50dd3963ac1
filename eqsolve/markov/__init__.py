"""Finite Markov chains: classes and period, stationary laws, Poisson's equation, relaxation.

`solve_chain` gives everything from one elimination; the other functions are its parts.
"""

from __future__ import annotations

from eqsolve.markov.chain import PoissonSolution, SolvedChain, solve_chain
from eqsolve.markov.classes import ChainClasses, communicating_classes, period
from eqsolve.markov.poisson import poisson
from eqsolve.markov.relaxation import relaxation_time
from eqsolve.markov.stationary import stationary_law
from eqsolve.markov.transitions import check_transitions

__all__ = [
    "ChainClasses",
    "PoissonSolution",
    "SolvedChain",
    "check_transitions",
    "communicating_classes",
    "period",
    "poisson",
    "relaxation_time",
    "solve_chain",
    "stationary_law",
]
