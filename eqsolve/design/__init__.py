"""Experiments on interfering Markov chains: what is declared, designed, run and estimated.

    MarkovExperiment --> optimal_design --> SamplingDesign --> run --> counts --> EffectEstimate

Each name is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eqsolve.design.bootstrap import BootstrapDistribution as BootstrapDistribution
    from eqsolve.design.comparison import Comparison as Comparison
    from eqsolve.design.counts import TransitionCounts as TransitionCounts
    from eqsolve.design.diagnostics import Diagnostics as Diagnostics
    from eqsolve.design.diagnostics import diagnose as diagnose
    from eqsolve.design.differences_in_q import differences_in_q_value as differences_in_q_value
    from eqsolve.design.estimate import EffectEstimate as EffectEstimate
    from eqsolve.design.estimator_runs import EstimatorRuns as EstimatorRuns
    from eqsolve.design.estimators import EstimatorComparison as EstimatorComparison
    from eqsolve.design.estimators import compare_estimators as compare_estimators
    from eqsolve.design.experiment import MarkovExperiment as MarkovExperiment
    from eqsolve.design.intervals import Interval as Interval
    from eqsolve.design.intervals import anytime_interval as anytime_interval
    from eqsolve.design.intervals import clt_interval as clt_interval
    from eqsolve.design.log import BinSensitivity as BinSensitivity
    from eqsolve.design.log import TransitionLog as TransitionLog
    from eqsolve.design.log_over_time import EffectOverTime as EffectOverTime
    from eqsolve.design.log_remaining import StepsNeeded as StepsNeeded
    from eqsolve.design.log_remaining import steps_needed as steps_needed
    from eqsolve.design.naive import naive_value as naive_value
    from eqsolve.design.online import OnlineDesign as OnlineDesign
    from eqsolve.design.point_estimate import PointEstimate as PointEstimate
    from eqsolve.design.power import detectable_effect as detectable_effect
    from eqsolve.design.power import sample_size as sample_size
    from eqsolve.design.recorded_steps import RecordedSteps as RecordedSteps
    from eqsolve.design.replicated import ReplicatedEstimates as ReplicatedEstimates
    from eqsolve.design.replicated import estimate_many as estimate_many
    from eqsolve.design.rules import CoinFlip as CoinFlip
    from eqsolve.design.rules import SingleArm as SingleArm
    from eqsolve.design.rules import Switchback as Switchback
    from eqsolve.design.sampling_design import SamplingDesign as SamplingDesign
    from eqsolve.design.simulation import ExperimentRuns as ExperimentRuns
    from eqsolve.design.switchback import switchback_value as switchback_value
else:
    _HOMES = {
        "BinSensitivity": "log",
        "BootstrapDistribution": "bootstrap",
        "CoinFlip": "rules",
        "Comparison": "comparison",
        "Diagnostics": "diagnostics",
        "EffectEstimate": "estimate",
        "EffectOverTime": "log_over_time",
        "EstimatorComparison": "estimators",
        "EstimatorRuns": "estimator_runs",
        "ExperimentRuns": "simulation",
        "Interval": "intervals",
        "MarkovExperiment": "experiment",
        "OnlineDesign": "online",
        "PointEstimate": "point_estimate",
        "RecordedSteps": "recorded_steps",
        "ReplicatedEstimates": "replicated",
        "SamplingDesign": "sampling_design",
        "SingleArm": "rules",
        "StepsNeeded": "log_remaining",
        "Switchback": "rules",
        "TransitionCounts": "counts",
        "TransitionLog": "log",
        "anytime_interval": "intervals",
        "clt_interval": "intervals",
        "compare_estimators": "estimators",
        "detectable_effect": "power",
        "diagnose": "diagnostics",
        "differences_in_q_value": "differences_in_q",
        "estimate_many": "replicated",
        "naive_value": "naive",
        "sample_size": "power",
        "steps_needed": "log_remaining",
        "switchback_value": "switchback",
    }

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'eqsolve.design' has no attribute {name!r}")
        value = getattr(import_module(f"eqsolve.design.{_HOMES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted([*globals(), *_HOMES])
