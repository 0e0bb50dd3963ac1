"""What is asked for: frozen records, no code that solves."""

from __future__ import annotations

from eqsolve.concepts.nash import Nash, VariationalEquilibrium

__all__ = ["Nash", "VariationalEquilibrium"]
