"""Finite Markov chains: classes and period, stationary laws, Poisson's equation, relaxation."""

from __future__ import annotations

from eqsolve.markov.classes import ChainClasses, communicating_classes, period
from eqsolve.markov.poisson import PoissonSolution, poisson
from eqsolve.markov.relaxation import relaxation_time
from eqsolve.markov.stationary import stationary_law
from eqsolve.markov.transitions import check_transitions

__all__ = [
    "ChainClasses",
    "PoissonSolution",
    "check_transitions",
    "communicating_classes",
    "period",
    "poisson",
    "relaxation_time",
    "stationary_law",
]
