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
    from eqsolve import dynamics as dynamics
    from eqsolve import errors as errors
    from eqsolve import models as models
    from eqsolve import testing as testing
    from eqsolve._certify import certify as certify
    from eqsolve._classify import Classification as Classification
    from eqsolve._classify import classify as classify
    from eqsolve._classify import critical_points as critical_points
    from eqsolve._find_equilibria import find_equilibria as find_equilibria
    from eqsolve._predict_rate import predict_rate as predict_rate
    from eqsolve._simulate import simulate as simulate
    from eqsolve._solve import solve as solve
    from eqsolve._validate import validate as validate
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
    from eqsolve.dynamics.repeated_play import RepeatedPlay as RepeatedPlay
    from eqsolve.dynamics.trajectory import Trajectory as Trajectory
    from eqsolve.errors import EqsolveError as EqsolveError
    from eqsolve.errors import EquilibriumNotFound as EquilibriumNotFound
    from eqsolve.errors import NoFormulation as NoFormulation
    from eqsolve.errors import NotAGame as NotAGame
    from eqsolve.errors import NotInstalled as NotInstalled
    from eqsolve.games import BayesianGame as BayesianGame
    from eqsolve.games import Game as Game
    from eqsolve.games import GameBatch as GameBatch
    from eqsolve.games import NormalFormGame as NormalFormGame
    from eqsolve.games import Player as Player
    from eqsolve.games import PolymatrixGame as PolymatrixGame
    from eqsolve.games import Population as Population
    from eqsolve.games import SecurityGame as SecurityGame
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
        "validate": "_validate",
        "predict_rate": "_predict_rate",
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
        "RepeatedPlay": "dynamics.repeated_play",
        "Trajectory": "dynamics.trajectory",
        "EqsolveError": "errors",
        "EquilibriumNotFound": "errors",
        "NoFormulation": "errors",
        "NotAGame": "errors",
        "NotInstalled": "errors",
        "BayesianGame": "games",
        "Game": "games",
        "GameBatch": "games",
        "NormalFormGame": "games",
        "Player": "games",
        "PolymatrixGame": "games",
        "Population": "games",
        "SecurityGame": "games",
        "PlayReport": "rates.play_report",
        "PredictedRate": "rates.prediction",
        "ConvergenceReport": "rates.report",
        "Certificate": "results",
        "Equilibrium": "results",
    }
    _FOLDERS = (
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
