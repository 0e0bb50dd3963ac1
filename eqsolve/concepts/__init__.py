"""What is asked for: frozen records, no code that solves."""

from __future__ import annotations

from eqsolve.concepts.correlated import (
    BayesCoarseCorrelated,
    BayesCorrelated,
    CoarseCorrelated,
    Correlated,
)
from eqsolve.concepts.logit import QuantalResponse
from eqsolve.concepts.nash import Nash, VariationalEquilibrium
from eqsolve.concepts.stackelberg import Stackelberg

__all__ = [
    "BayesCoarseCorrelated",
    "BayesCorrelated",
    "CoarseCorrelated",
    "Correlated",
    "Nash",
    "QuantalResponse",
    "Stackelberg",
    "VariationalEquilibrium",
]
