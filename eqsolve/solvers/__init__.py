"""Engines, one a file; each takes a program and knows nothing of games."""

from __future__ import annotations

if __name__ != "eqsolve.solvers":
    raise ImportError("Import this package as eqsolve.solvers; the link at the top is for readers.")
