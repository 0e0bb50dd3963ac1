"""Followers' response algorithms, one a file."""

from __future__ import annotations

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

__all__ = [
    "Behaviour",
    "MultiplicativeWeights",
    "OptimisticMultiplicativeWeights",
    "Outcome",
    "Path",
    "PolicyInteractiveResponse",
    "Response",
]
