"""What is asked for: frozen records, no code that solves."""

from __future__ import annotations

from eqsolve.concepts.nash import Nash, VariationalEquilibrium
from eqsolve.concepts.stackelberg import Stackelberg

__all__ = ["Nash", "Stackelberg", "VariationalEquilibrium"]
