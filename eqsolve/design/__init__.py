"""Experiments on interfering Markov chains: what is declared, designed, run and estimated.

    MarkovExperiment --> optimal_design --> SamplingDesign --> run --> counts --> EffectEstimate

Each name is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eqsolve.design.experiment import MarkovExperiment as MarkovExperiment
else:
    _HOMES = {
        "MarkovExperiment": "experiment",
    }

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'eqsolve.design' has no attribute {name!r}")
        value = getattr(import_module(f"eqsolve.design.{_HOMES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted([*globals(), *_HOMES])
