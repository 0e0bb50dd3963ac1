"""Experiments on interfering Markov chains: what is declared, designed, run and estimated.

    MarkovExperiment --> optimal_design --> SamplingDesign --> run --> counts --> EffectEstimate

Each name is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eqsolve.design.comparison import Comparison as Comparison
    from eqsolve.design.estimation.bootstrap import BootstrapDistribution as BootstrapDistribution
    from eqsolve.design.estimation.counts import TransitionCounts as TransitionCounts
    from eqsolve.design.estimation.diagnostics import Diagnostics as Diagnostics
    from eqsolve.design.estimation.diagnostics import diagnose as diagnose
    from eqsolve.design.estimation.differences_in_q import (
        differences_in_q_value as differences_in_q_value,
    )
    from eqsolve.design.estimation.estimate import EffectEstimate as EffectEstimate
    from eqsolve.design.estimation.estimators import EstimatorComparison as EstimatorComparison
    from eqsolve.design.estimation.estimators import compare_estimators as compare_estimators
    from eqsolve.design.estimation.intervals import Interval as Interval
    from eqsolve.design.estimation.intervals import anytime_interval as anytime_interval
    from eqsolve.design.estimation.intervals import clt_interval as clt_interval
    from eqsolve.design.estimation.naive import naive_value as naive_value
    from eqsolve.design.estimation.point_estimate import PointEstimate as PointEstimate
    from eqsolve.design.estimation.power import detectable_effect as detectable_effect
    from eqsolve.design.estimation.power import sample_size as sample_size
    from eqsolve.design.estimation.recorded_steps import RecordedSteps as RecordedSteps
    from eqsolve.design.estimation.replicated import ReplicatedEstimates as ReplicatedEstimates
    from eqsolve.design.estimation.replicated import estimate_many as estimate_many
    from eqsolve.design.estimation.switchback import switchback_value as switchback_value
    from eqsolve.design.experiment import MarkovExperiment as MarkovExperiment
    from eqsolve.design.logs.log import BinSensitivity as BinSensitivity
    from eqsolve.design.logs.log import TransitionLog as TransitionLog
    from eqsolve.design.logs.over_time import EffectOverTime as EffectOverTime
    from eqsolve.design.logs.remaining import StepsNeeded as StepsNeeded
    from eqsolve.design.logs.remaining import steps_needed as steps_needed
    from eqsolve.design.online.online import OnlineDesign as OnlineDesign
    from eqsolve.design.sampling_design import SamplingDesign as SamplingDesign
    from eqsolve.design.simulation.estimator_runs import EstimatorRuns as EstimatorRuns
    from eqsolve.design.simulation.rules import CoinFlip as CoinFlip
    from eqsolve.design.simulation.rules import SingleArm as SingleArm
    from eqsolve.design.simulation.rules import Switchback as Switchback
    from eqsolve.design.simulation.runs import ExperimentRuns as ExperimentRuns
else:
    _HOMES = {
        "BinSensitivity": "logs.log",
        "BootstrapDistribution": "estimation.bootstrap",
        "CoinFlip": "simulation.rules",
        "Comparison": "comparison",
        "Diagnostics": "estimation.diagnostics",
        "EffectEstimate": "estimation.estimate",
        "EffectOverTime": "logs.over_time",
        "EstimatorComparison": "estimation.estimators",
        "EstimatorRuns": "simulation.estimator_runs",
        "ExperimentRuns": "simulation.runs",
        "Interval": "estimation.intervals",
        "MarkovExperiment": "experiment",
        "OnlineDesign": "online.online",
        "PointEstimate": "estimation.point_estimate",
        "RecordedSteps": "estimation.recorded_steps",
        "ReplicatedEstimates": "estimation.replicated",
        "SamplingDesign": "sampling_design",
        "SingleArm": "simulation.rules",
        "StepsNeeded": "logs.remaining",
        "Switchback": "simulation.rules",
        "TransitionCounts": "estimation.counts",
        "TransitionLog": "logs.log",
        "anytime_interval": "estimation.intervals",
        "clt_interval": "estimation.intervals",
        "compare_estimators": "estimation.estimators",
        "detectable_effect": "estimation.power",
        "diagnose": "estimation.diagnostics",
        "differences_in_q_value": "estimation.differences_in_q",
        "estimate_many": "estimation.replicated",
        "naive_value": "estimation.naive",
        "sample_size": "estimation.power",
        "steps_needed": "logs.remaining",
        "switchback_value": "estimation.switchback",
    }

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'eqsolve.design' has no attribute {name!r}")
        value = getattr(import_module(f"eqsolve.design.{_HOMES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted([*globals(), *_HOMES])
