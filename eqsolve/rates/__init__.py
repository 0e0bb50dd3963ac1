"""How fast learning converges: predicted from the update's Jacobian, measured from a run."""

from __future__ import annotations

from eqsolve.rates.measurement import Measurement, measure
from eqsolve.rates.play_report import Band, PlayReport
from eqsolve.rates.prediction import PredictedRate, predict
from eqsolve.rates.report import ConvergenceReport

__all__ = [
    "Band",
    "ConvergenceReport",
    "Measurement",
    "PlayReport",
    "PredictedRate",
    "measure",
    "predict",
]
