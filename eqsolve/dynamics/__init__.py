"""Learning dynamics, one family a file.

A dynamics is a frozen record with two pure functions,

    start(game, profile (R, n)) -> state
    step(game, profile (R, n), state, rng) -> (profile (R, n), state)

where the state is a tuple of arrays with replications first. A plain function
``x -> x_next`` takes part wherever a dynamics does.
"""

from __future__ import annotations

from eqsolve.dynamics.best_response import BestResponse
from eqsolve.dynamics.competitive import CompetitiveGradient
from eqsolve.dynamics.delay import Delayed
from eqsolve.dynamics.gradient import ExtraGradient, GradientPlay, OptimisticGradient
from eqsolve.dynamics.leading import StackelbergGradient, TimescaleGradient
from eqsolve.dynamics.policy_gradient import PolicyFixedPoint, PolicyGradient
from eqsolve.dynamics.protocol import Dynamics, FunctionDynamics, as_dynamics
from eqsolve.dynamics.ridge import FollowTheRidge
from eqsolve.dynamics.rotation import ConsensusOptimization, SymplecticAdjustment
from eqsolve.dynamics.trajectory import Trajectory

__all__ = [
    "BestResponse",
    "CompetitiveGradient",
    "ConsensusOptimization",
    "Delayed",
    "Dynamics",
    "ExtraGradient",
    "FollowTheRidge",
    "FunctionDynamics",
    "GradientPlay",
    "OptimisticGradient",
    "PolicyFixedPoint",
    "PolicyGradient",
    "StackelbergGradient",
    "SymplecticAdjustment",
    "TimescaleGradient",
    "Trajectory",
    "as_dynamics",
]
