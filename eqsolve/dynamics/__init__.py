"""Learning dynamics, one family a file.

A dynamics is a frozen record with two pure functions,

    start(game, profile (R, n)) -> state
    step(game, profile (R, n), state, rng) -> (profile (R, n), state)

where the state is a tuple of arrays with replications first. A plain function
``x -> x_next`` takes part wherever a dynamics does.
"""

from __future__ import annotations

from eqsolve.dynamics.agents import Agents, OpenSpielPolicies, PettingZooAgents
from eqsolve.dynamics.bandit import Exp3, Exp3IX, TsallisINF
from eqsolve.dynamics.best_response import BestResponse
from eqsolve.dynamics.competitive import CompetitiveGradient
from eqsolve.dynamics.delay import Delayed
from eqsolve.dynamics.fictitious_play import FictitiousPlay
from eqsolve.dynamics.finite_learner import FiniteLearner
from eqsolve.dynamics.gradient import ExtraGradient, GradientPlay, OptimisticGradient
from eqsolve.dynamics.leading import StackelbergGradient, TimescaleGradient
from eqsolve.dynamics.logit_play import LogitResponse
from eqsolve.dynamics.multiplicative_weights import (
    MultiplicativeWeights,
    OptimisticMultiplicativeWeights,
)
from eqsolve.dynamics.parallel_env import RepeatedGameEnv
from eqsolve.dynamics.player_by_player import PlayerByPlayer
from eqsolve.dynamics.policy_gradient import PolicyFixedPoint, PolicyGradient
from eqsolve.dynamics.projected_gradient import ProjectedGradient
from eqsolve.dynamics.protocol import Dynamics, FunctionDynamics, as_dynamics
from eqsolve.dynamics.q_learning import QLearning
from eqsolve.dynamics.regret_matching import (
    PredictiveRegretMatchingPlus,
    RegretMatching,
    RegretMatchingPlus,
)
from eqsolve.dynamics.repeated_play import RepeatedPlay
from eqsolve.dynamics.ridge import FollowTheRidge
from eqsolve.dynamics.rotation import ConsensusOptimization, SymplecticAdjustment
from eqsolve.dynamics.trajectory import Trajectory

__all__ = [
    "Agents",
    "BestResponse",
    "CompetitiveGradient",
    "ConsensusOptimization",
    "Delayed",
    "Dynamics",
    "Exp3",
    "Exp3IX",
    "ExtraGradient",
    "FictitiousPlay",
    "FiniteLearner",
    "FollowTheRidge",
    "FunctionDynamics",
    "GradientPlay",
    "LogitResponse",
    "MultiplicativeWeights",
    "OpenSpielPolicies",
    "OptimisticGradient",
    "OptimisticMultiplicativeWeights",
    "PettingZooAgents",
    "PlayerByPlayer",
    "PolicyFixedPoint",
    "PolicyGradient",
    "PredictiveRegretMatchingPlus",
    "ProjectedGradient",
    "QLearning",
    "RegretMatching",
    "RegretMatchingPlus",
    "RepeatedGameEnv",
    "RepeatedPlay",
    "StackelbergGradient",
    "SymplecticAdjustment",
    "TimescaleGradient",
    "Trajectory",
    "TsallisINF",
    "as_dynamics",
]
