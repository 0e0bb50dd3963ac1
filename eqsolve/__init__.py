"""eqsolve: equilibria declared, solved, certified, and compared with learning code.

Declare a game with `Player` and `Game`; `solve` it for an `Equilibrium` with its
`Certificate`; `simulate` learning `dynamics`; `validate` the path against the answer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from eqsolve import commitment as commitment
    from eqsolve import design as design
    from eqsolve import dynamics as dynamics
    from eqsolve import errors as errors
    from eqsolve import models as models
    from eqsolve import testing as testing
    from eqsolve._certify import certify as certify
    from eqsolve._classify import Classification as Classification
    from eqsolve._classify import classify as classify
    from eqsolve._classify import critical_points as critical_points
    from eqsolve._find_equilibria import find_equilibria as find_equilibria
    from eqsolve._optimal_commitment import optimal_commitment as optimal_commitment
    from eqsolve._optimal_design import optimal_design as optimal_design
    from eqsolve._predict_rate import predict_rate as predict_rate
    from eqsolve._simulate import simulate as simulate
    from eqsolve._simulate_experiment import simulate_experiment as simulate_experiment
    from eqsolve._solve import solve as solve
    from eqsolve._train_leader import train_leader as train_leader
    from eqsolve._validate import validate as validate
    from eqsolve.commitment import CommitmentOptimum as CommitmentOptimum
    from eqsolve.commitment import PartiallyObservableMarkovGame as PartiallyObservableMarkovGame
    from eqsolve.commitment import StackelbergPOMDP as StackelbergPOMDP
    from eqsolve.commitment import check_admissible as check_admissible
    from eqsolve.concepts import BayesCoarseCorrelated as BayesCoarseCorrelated
    from eqsolve.concepts import BayesCorrelated as BayesCorrelated
    from eqsolve.concepts import CoarseCorrelated as CoarseCorrelated
    from eqsolve.concepts import Correlated as Correlated
    from eqsolve.concepts import Nash as Nash
    from eqsolve.concepts import QuantalResponse as QuantalResponse
    from eqsolve.concepts import Stackelberg as Stackelberg
    from eqsolve.concepts import VariationalEquilibrium as VariationalEquilibrium
    from eqsolve.design.estimation.estimate import EffectEstimate as EffectEstimate
    from eqsolve.design.experiment import MarkovExperiment as MarkovExperiment
    from eqsolve.design.logs.log import TransitionLog as TransitionLog
    from eqsolve.design.online.online import OnlineDesign as OnlineDesign
    from eqsolve.design.sampling_design import SamplingDesign as SamplingDesign
    from eqsolve.design.simulation.rules import CoinFlip as CoinFlip
    from eqsolve.design.simulation.rules import SingleArm as SingleArm
    from eqsolve.design.simulation.rules import Switchback as Switchback
    from eqsolve.design.simulation.runs import ExperimentRuns as ExperimentRuns
    from eqsolve.dynamics.repeated_play import RepeatedPlay as RepeatedPlay
    from eqsolve.dynamics.trajectory import Trajectory as Trajectory
    from eqsolve.errors import BadExperiment as BadExperiment
    from eqsolve.errors import BadLog as BadLog
    from eqsolve.errors import BinsMatter as BinsMatter
    from eqsolve.errors import EqsolveError as EqsolveError
    from eqsolve.errors import EquilibriumNotFound as EquilibriumNotFound
    from eqsolve.errors import NoFormulation as NoFormulation
    from eqsolve.errors import NotAGame as NotAGame
    from eqsolve.errors import NotInstalled as NotInstalled
    from eqsolve.errors import SlowMixing as SlowMixing
    from eqsolve.games import BayesianGame as BayesianGame
    from eqsolve.games import Game as Game
    from eqsolve.games import GameBatch as GameBatch
    from eqsolve.games import NormalFormGame as NormalFormGame
    from eqsolve.games import Player as Player
    from eqsolve.games import PolymatrixGame as PolymatrixGame
    from eqsolve.games import Population as Population
    from eqsolve.games import SecurityGame as SecurityGame
    from eqsolve.rates.learning_report import LearningReport as LearningReport
    from eqsolve.rates.play_report import PlayReport as PlayReport
    from eqsolve.rates.prediction import PredictedRate as PredictedRate
    from eqsolve.rates.report import ConvergenceReport as ConvergenceReport
    from eqsolve.results import Certificate as Certificate
    from eqsolve.results import Equilibrium as Equilibrium
else:
    _HOMES = {
        "solve": "_solve",
        "classify": "_classify",
        "critical_points": "_classify",
        "Classification": "_classify",
        "find_equilibria": "_find_equilibria",
        "certify": "_certify",
        "simulate": "_simulate",
        "simulate_experiment": "_simulate_experiment",
        "validate": "_validate",
        "predict_rate": "_predict_rate",
        "optimal_commitment": "_optimal_commitment",
        "optimal_design": "_optimal_design",
        "train_leader": "_train_leader",
        "CommitmentOptimum": "commitment",
        "PartiallyObservableMarkovGame": "commitment",
        "StackelbergPOMDP": "commitment",
        "check_admissible": "commitment",
        "BayesCoarseCorrelated": "concepts",
        "BayesCorrelated": "concepts",
        "CoarseCorrelated": "concepts",
        "Correlated": "concepts",
        "Nash": "concepts",
        "QuantalResponse": "concepts",
        "Stackelberg": "concepts",
        "VariationalEquilibrium": "concepts",
        "EffectEstimate": "design.estimation.estimate",
        "MarkovExperiment": "design.experiment",
        "SamplingDesign": "design.sampling_design",
        "TransitionLog": "design.logs.log",
        "OnlineDesign": "design.online.online",
        "CoinFlip": "design.simulation.rules",
        "SingleArm": "design.simulation.rules",
        "Switchback": "design.simulation.rules",
        "ExperimentRuns": "design.simulation.runs",
        "RepeatedPlay": "dynamics.repeated_play",
        "Trajectory": "dynamics.trajectory",
        "BadExperiment": "errors",
        "BadLog": "errors",
        "BinsMatter": "errors",
        "EqsolveError": "errors",
        "EquilibriumNotFound": "errors",
        "NoFormulation": "errors",
        "NotAGame": "errors",
        "NotInstalled": "errors",
        "SlowMixing": "errors",
        "BayesianGame": "games",
        "Game": "games",
        "GameBatch": "games",
        "NormalFormGame": "games",
        "Player": "games",
        "PolymatrixGame": "games",
        "Population": "games",
        "SecurityGame": "games",
        "LearningReport": "rates.learning_report",
        "PlayReport": "rates.play_report",
        "PredictedRate": "rates.prediction",
        "ConvergenceReport": "rates.report",
        "Certificate": "results",
        "Equilibrium": "results",
    }
    _FOLDERS = (
        "design",
        "commitment",
        "dynamics",
        "errors",
        "models",
        "testing",
        "solvers",
        "formulations",
        "games",
    )

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            value = getattr(import_module(f"eqsolve.{_HOMES[name]}"), name)
        elif name in _FOLDERS:
            value = import_module(f"eqsolve.{name}")
        else:
            raise AttributeError(f"module 'eqsolve' has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted([*globals(), *_HOMES, *_FOLDERS])
