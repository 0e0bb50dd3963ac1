"""Followers' response algorithms, one a file."""

from __future__ import annotations

from eqsolve.commitment.responses.best_response import BestResponse
from eqsolve.commitment.responses.certified import Certified
from eqsolve.commitment.responses.multiplicative_weights import (
    MultiplicativeWeights,
    OptimisticMultiplicativeWeights,
)
from eqsolve.commitment.responses.protocol import (
    Behaviour,
    Outcome,
    Path,
    PolicyInteractiveResponse,
    Response,
)
from eqsolve.commitment.responses.q_learning import QLearning
from eqsolve.commitment.responses.regret_matching import RegretMatchingPlus

__all__ = [
    "Behaviour",
    "BestResponse",
    "Certified",
    "MultiplicativeWeights",
    "OptimisticMultiplicativeWeights",
    "Outcome",
    "Path",
    "PolicyInteractiveResponse",
    "QLearning",
    "RegretMatchingPlus",
    "Response",
]
