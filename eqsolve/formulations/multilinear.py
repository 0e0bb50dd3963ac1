"""Nash equilibria of any finite game by complementarity, and along the logit path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Nash, QuantalResponse
from eqsolve.formulations.certificates import simplices
from eqsolve.formulations.finite_answer import FiniteAnswer, clean
from eqsolve.games.bayesian import AgentForm, BayesianGame
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.polymatrix import PolymatrixGame
from eqsolve.programs.multilinear import MultilinearProgram
from eqsolve.results import Solution

Array = NDArray[np.float64]
FAR = 10.0  # spreads between zero and a player's payoffs from which digits are lost
TAKEN = (NormalFormGame, BayesianGame, PolymatrixGame, AgentForm)


@dataclass(frozen=True)
class Multilinear:
    """Formulation of Nash equilibrium as a complementarity problem, from many starts."""

    name = "multilinear"
    kind = "multilinear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        return _refusal(game, concept, Nash)

    def compile(self, game: Any, concept: Any, start: Any = None) -> MultilinearProgram:
        """The problem; `start` (n,) is the first profile to begin from."""
        return multilinear_program(game, self.kind, start)

    def recover(self, program: MultilinearProgram, solution: Solution) -> FiniteAnswer:
        """The mixes."""
        return read_mixes(program, solution)


@dataclass(frozen=True)
class LogitPathToNash:
    """Formulation of Nash equilibrium as the end of the logit path."""

    name = "logit"
    kind = "logit path"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        return _refusal(game, concept, Nash)

    def compile(self, game: Any, concept: Any, start: Any = None) -> MultilinearProgram:
        """The path; it begins at even mixes, whatever the start."""
        return multilinear_program(game, self.kind, None)

    def recover(self, program: MultilinearProgram, solution: Solution) -> FiniteAnswer:
        """The mixes at its end."""
        return read_mixes(program, solution)


@dataclass(frozen=True)
class LogitResponses:
    """Formulation of quantal responses as a point of the logit path."""

    name = "quantal-response"
    kind = "logit path"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        return _refusal(game, concept, QuantalResponse)

    def compile(self, game: Any, concept: Any, start: Any = None) -> MultilinearProgram:
        """The path up to the precision asked for."""
        precision = concept.precision * (game.spread or 1.0)
        return multilinear_program(game, self.kind, None, precision)

    def recover(self, program: MultilinearProgram, solution: Solution) -> FiniteAnswer:
        """The mixes there."""
        return read_mixes(program, solution)


def _refusal(game: Any, concept: Any, asked: type) -> str | None:
    if not isinstance(concept, asked):
        return f"answers to everybody's mixes do not express {concept!r}."
    if not isinstance(game, TAKEN):
        return f"it does not take a {type(game).__name__}."
    if getattr(concept, "objective", None) is not None:
        return "it finds one equilibrium, not the best for an objective."
    return None


def multilinear_program(
    game: Any, kind: str, start: Array | None, precision: float | None = None
) -> MultilinearProgram:
    """What every action gets, in units of the largest spread of payoffs."""
    unit = game.spread or 1.0
    near = _near_zero(game, unit)
    return MultilinearProgram(
        payoffs=lambda x: near.deviation_payoffs(x) / unit,
        slopes=lambda x: near.deviation_slopes(x) / unit,
        simplices=simplices(game),
        names=tuple(game.coordinate_names),
        start=start,
        precision=precision,
        game=game,
        kind=kind,
    )


def _near_zero(game: Any, unit: float) -> Any:
    """The game with every player's payoffs moved near zero, where they are far from it.

    That moves no equilibrium, and keeps the digits that differences of payoffs need.
    """
    if not isinstance(game, (NormalFormGame, BayesianGame)):
        return game
    flat = game.payoffs.reshape(game.players, -1)
    middle = (flat.min(axis=1) + flat.max(axis=1)) / 2
    if np.abs(middle).max() <= FAR * unit:
        return game
    moved = game.payoffs - middle.reshape(-1, *(1,) * (game.payoffs.ndim - 1))
    if isinstance(game, BayesianGame):
        return BayesianGame(game.prior, moved)
    return NormalFormGame(moved)


def read_mixes(program: MultilinearProgram, solution: Solution) -> FiniteAnswer:
    """A profile of distributions."""
    x = solution.values[: program.n]
    if not np.isfinite(x).all():
        return FiniteAnswer(np.full(program.n, np.nan))
    return FiniteAnswer(np.concatenate([clean(x[part]) for part in program.simplices]))
