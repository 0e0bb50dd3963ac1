"""Solve a finite game: formulations in turn, each certified from the payoffs alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from eqsolve._certify_finite import certify_finite, objective_of
from eqsolve.concepts import Nash, Stackelberg
from eqsolve.errors import EquilibriumNotFound, NoFormulation
from eqsolve.formulations.catalogue import family_refusal, formulations
from eqsolve.formulations.certificates import simplices
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.results import Certificate, Equilibrium, Solution
from eqsolve.solvers.catalogue import default_solver, finite_solver_named
from eqsolve.solvers.options import with_options

TOLERANCE = 1e-8  # gain, as a share of the spread of payoffs, that an answer must not exceed
# A pessimistic leader's supremum need not be attained: this much of it may be missing.
UNATTAINED = 1e-6
OBJECTIVE = 1e-7  # distance of an objective from its proven bound, as a share of its size
MANY_MIXES = 8  # players, or types, from which the logit path is surer than starts at random
PREFERENCE = (
    *("zero-sum", "lemke-howson", "pure", "multilinear", "mixed-integer-nash"),
    *("support-enumeration", "logit", "gambit"),
)


def solve_finite(
    game: Any,
    concept: Any,
    solver: Any = None,
    formulation: str | None = None,
    *,
    start: Any = None,
    tolerance: float | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Equilibrium:
    """The equilibrium of a finite game, with its certificate; see `eqsolve.solve`.

    Raises
    ------
    NoFormulation
        None applies; each is listed with its own reason.
    EquilibriumNotFound
        Nothing passed its certificate.
    """
    engine = finite_solver_named(solver) if isinstance(solver, str) else solver
    if formulation is None and start is not None and isinstance(concept, Nash):
        formulation = "multilinear"  # the only one that begins where it is told
    allowed = TOLERANCE if tolerance is None else tolerance
    first = None if start is None else game.pack(start)
    reasons: dict[str, str] = {}
    tried: dict[str, _Attempt] = {}
    for name in _candidates(game, formulation):
        reason = _refusal(game, concept, name, engine)
        if reason is not None:
            reasons[name] = reason
            continue
        chosen = default_solver(formulations("finite")[name].kind) if engine is None else engine
        chosen = _seeded(with_options(chosen, options or {}), seed, options or {})
        attempt = _attempt(game, concept, name, chosen, first)
        if attempt.holds(game, concept, allowed):
            before = {other: lost.sentence() for other, lost in tried.items()}
            explain = partial(_explanation, game, concept, engine, name, before)
            return _equilibrium(game, concept, attempt, explain)
        tried[name] = attempt
    if not tried:
        raise NoFormulation(
            f"No formulation applies to {concept!r} on this game:", _nearest_first(reasons)
        )
    raise _not_found(min(tried.values(), key=_Attempt.distance))


def every_answer(game: Any, concept: Any, name: str, engine: Any = None) -> list[Equilibrium]:
    """All equilibria that one formulation's engine gives, those that pass their certificates."""
    route = formulations("finite")[name]
    chosen = default_solver(route.kind) if engine is None else engine
    program = route.compile(game, concept, None)
    solution = chosen.solve(program)
    found = []
    for one in (solution, *solution.others):
        attempt = _judged(game, concept, route, program, one)
        if attempt.holds(game, concept, TOLERANCE):
            found.append(_equilibrium(game, concept, attempt, dict))
    return found


@dataclass(frozen=True)
class _Attempt:
    program: Any
    solution: Solution
    answer: FiniteAnswer
    certificate: Certificate | None
    value: float | None

    def holds(self, game: Any, concept: Any, tolerance: float) -> bool:
        """Whether nobody gains and, where a bound is proven, the objective reaches it."""
        sure = self.certificate
        if sure is None:
            return False
        if isinstance(concept, Stackelberg):
            return self._commits(game, concept, sure, tolerance)
        if not sure.holds(tolerance):
            return False
        if sure.bound is None or self.value is None:
            return True
        unit = max(1.0, abs(sure.bound), sure.payoff_scale)
        return abs(sure.bound - self.value) <= max(tolerance, OBJECTIVE) * unit

    def _commits(
        self, game: Any, concept: Stackelberg, sure: Certificate, tolerance: float
    ) -> bool:
        """Whether the followers answer well, and the leader comes as near its bound as asked."""
        (leader,) = concept.leaders(game.player_names)
        units = np.where(game.spreads > 0, game.spreads, 1.0)
        shares = np.array(list(sure.gains.values())) / units
        missed = float(shares[leader])
        followers = float(np.delete(shares, leader).max())
        allowed = max(tolerance, OBJECTIVE)
        if concept.stance == "pessimistic":
            allowed = max(allowed, UNATTAINED)
        if concept.response == "coarse correlated" and concept.commitment == "mixed":
            # The search ends at the gap it was asked for; a pessimistic one may stay open where
            # the followers' play jumps, and then value and bound are what can be told.
            pessimistic = concept.stance == "pessimistic"
            if pessimistic or self.solution.solved:
                allowed = max(allowed, 1.1 * self.solution.residual / units[leader])
        return max(followers, sure.infeasibility) <= tolerance and missed <= allowed

    def distance(self) -> float:
        return np.inf if self.certificate is None else self.certificate.max_gain

    def residuals(self) -> dict[str, float]:
        sure = self.certificate
        if sure is None:
            return {"residual": self.solution.residual}
        reached = {"gain from deviating": sure.max_gain, "infeasibility": sure.infeasibility}
        if sure.bound is not None and self.value is not None:
            reached["distance from the proven bound"] = abs(sure.bound - self.value)
        return reached

    def sentence(self) -> str:
        reached = ", ".join(f"{name} {value:.1e}" for name, value in self.residuals().items())
        return f"tried; {self.solution.status.value} {reached}."


def _attempt(game: Any, concept: Any, name: str, engine: Any, start: Any) -> _Attempt:
    route = formulations("finite")[name]
    program = route.compile(game, concept, start)
    return _judged(game, concept, route, program, engine.solve(program))


def _judged(game: Any, concept: Any, route: Any, program: Any, solution: Solution) -> _Attempt:
    answer = route.recover(program, solution)
    if not np.isfinite(answer.vector).all():
        return _Attempt(program, solution, answer, None, None)
    point = answer.vector if answer.distribution is None else answer.distribution
    certificate = certify_finite(game, point, concept, answer)
    value = objective_of(game, concept, answer.vector, answer.distribution)
    return _Attempt(program, solution, answer, certificate, value)


def _candidates(game: Any, formulation: str | None) -> list[str]:
    """Names of formulations to try, in order."""
    known = {**formulations("finite"), **formulations()}
    if formulation is not None and formulation not in known:
        raise NoFormulation(
            f"There is no formulation called {formulation!r}; there are "
            f"{', '.join(formulations('finite'))}."
        )
    if formulation is not None:
        return [formulation]
    names = sorted(formulations("finite"), key=_rank)
    if len(simplices(game)) > MANY_MIXES:
        names = ["logit", *(name for name in names if name != "logit")]
    return names


def _refusal(game: Any, concept: Any, name: str, engine: Any) -> str | None:
    """Why a formulation is out, or None."""
    out = family_refusal(name, "finite", concept)
    if out is not None:
        return out
    route = formulations("finite")[name]
    reason: str | None = route.refuses(game, concept)
    if reason is None and engine is not None and route.kind not in engine.kinds:
        return f"solver {engine.name!r} does not take {route.kind} programs."
    return reason


def _rank(name: str) -> tuple[int, str]:
    return (PREFERENCE.index(name) if name in PREFERENCE else len(PREFERENCE)), name


def _nearest_first(reasons: Mapping[str, str]) -> dict[str, str]:
    """Reasons of formulations that express the concept, before those of other concepts."""
    return dict(sorted(reasons.items(), key=lambda item: "express" in item[1]))


def _seeded(engine: Any, seed: int, options: Mapping[str, Any]) -> Any:
    """The engine with the seed of the call, where it has one and none was given to it."""
    takes = "seed" in {field.name for field in fields(engine)}
    return replace(engine, seed=seed) if takes and seed and "seed" not in options else engine


def _explanation(
    game: Any, concept: Any, engine: Any, used: str, tried: Mapping[str, str]
) -> dict[str, str]:
    """Every formulation with its fate, computed when somebody asks."""
    fates: dict[str, str] = {}
    for name in sorted(formulations("finite"), key=_rank):
        reason = _refusal(game, concept, name, engine)
        fates[name] = (
            "used."
            if name == used
            else tried.get(name) or (f"refused: {reason}" if reason else "applies; was not needed.")
        )
    return fates


def _equilibrium(game: Any, concept: Any, attempt: _Attempt, explain: Any) -> Equilibrium:
    answer, certificate = attempt.answer, attempt.certificate
    assert certificate is not None
    payoffs = payoffs_of(game, answer)
    strategies = game.unpack(answer.vector)
    value = attempt.value
    if isinstance(concept, Stackelberg):
        (leader,) = concept.leaders(game.player_names)
        value = float(payoffs[leader])
    return Equilibrium(
        strategies=strategies,
        payoffs=dict(zip(game.player_names, payoffs.tolist(), strict=True)),
        vector=answer.vector,
        certificate=certificate,
        program=attempt.program,
        explain=explain,
        solution=attempt.solution,
        values=strategies,
        concept=type(concept).__name__,
        game=game,
        distribution=answer.distribution,
        value=value,
    )


def payoffs_of(game: Any, answer: FiniteAnswer) -> Any:
    """Every player's expected payoff, (players,)."""
    if answer.distribution is None:
        return np.asarray(game.expected_payoffs(answer.vector))
    flat = game.payoffs.reshape(game.players, -1)
    return flat @ answer.distribution.ravel()


def _not_found(best: _Attempt) -> EquilibriumNotFound:
    return EquilibriumNotFound(
        "No point passed the certificate.",
        status=best.solution.status.value,
        residuals=best.residuals(),
        advice="Try another formulation=, a larger tolerance=, or seed= for other starts.",
    )
