"""Solve a game: choose a formulation, run its engine, certify, and only then return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve._certify import certify
from eqsolve._solve_finite import solve_finite
from eqsolve.concepts import Nash, Stackelberg, VariationalEquilibrium
from eqsolve.errors import EquilibriumNotFound, NoFormulation, UnsupportedFunction
from eqsolve.formulations.catalogue import family_refusal, formulations
from eqsolve.formulations.complementarity import Complementarity
from eqsolve.formulations.contradiction import contradiction
from eqsolve.formulations.recovery import Recovered
from eqsolve.games.finite_players import FinitePlayers
from eqsolve.games.game import Game
from eqsolve.results import Certificate, Equilibrium, Solution, Status
from eqsolve.solvers.catalogue import default_solver, solver_named
from eqsolve.solvers.options import with_options
from eqsolve.solvers.semismooth_newton import SemismoothNewton

Array = NDArray[np.float64]
TOLERANCE = 1e-6  # relative gain and infeasibility an answer must not exceed
POLISHED = 1e-9  # relative gain below which nothing is left to polish
PREFERENCE = (
    *("complementarity", "potential", "nonlinear", "best-responses"),
    *("mixed-integer", "value-function", "pessimistic", "implicit", "mpec"),
)
RESTARTS = 5  # further random starts before a game is given up


def solve(
    game: Any,
    concept: Any = None,
    *,
    solver: Any = None,
    formulation: str | None = None,
    start: Any = None,
    tolerance: float | None = None,
    seed: int = 0,
    **options: Any,
) -> Equilibrium:
    """The equilibrium of a game, with its certificate.

    Parameters
    ----------
    game : Game, NormalFormGame, BayesianGame, PolymatrixGame or SecurityGame
    concept : concept, default Nash()
        What is asked for: any record of `eqsolve.concepts`.
    solver : str or solver record, optional
        An engine ("semismooth-newton", "convex", "ipopt", or any solver Pyomo knows),
        or a record such as ``SemismoothNewton(tolerance=1e-12)``.
    formulation : str, optional
        "complementarity", "potential", "nonlinear" or "best-responses"; for commitments
        "mixed-integer", "value-function", "implicit" or "mpec"; finite games have their own,
        which `NoFormulation` and `equilibrium.explanation` list. By default the first that
        applies and whose answer passes the certificate.
    start : dict of str to array, or array (n,), optional
        Where to begin; default the variables' own values, or inside their bounds.
    tolerance : float, optional
        Largest relative gain and infeasibility an answer may have; default 1e-6, and 1e-8 of
        the spread of payoffs in finite games.
    seed : int
        Of the random starts tried when the given one fails.
    **options
        Passed to the solver's record, for example ``max_iterations=500``.

    Returns
    -------
    Equilibrium
        Only ever one that passed its certificate.

    Raises
    ------
    NoFormulation
        None applies; each is listed with its own reason.
    EquilibriumNotFound
        Nothing passed; with the status, the residuals reached and what to try.

    Examples
    --------
    >>> import cvxpy as cp
    >>> from eqsolve import Player
    >>> q1, q2 = cp.Variable(nonneg=True, name="q1"), cp.Variable(nonneg=True, name="q2")
    >>> price = 100 - (q1 + q2)
    >>> nash = solve(Game([
    ...     Player("incumbent", cp.Maximize(q1 * price - 10 * q1), [q1]),
    ...     Player("entrant", cp.Maximize(q2 * price - 20 * q2), [q2]),
    ... ]))
    >>> nash["incumbent"].round(4), round(nash.payoffs["entrant"], 3)
    (array([33.3333]), 544.444)
    """
    concept = Nash() if concept is None else concept
    if isinstance(game, FinitePlayers):
        how = {"start": start, "tolerance": tolerance, "seed": seed, "options": options}
        return solve_finite(game, concept, solver, formulation, **how)
    engine = solver_named(solver) if isinstance(solver, str) else solver
    tolerance = TOLERANCE if tolerance is None else tolerance
    if not isinstance(concept, Stackelberg):
        game.check_simultaneous()
    first = None if start is None else game.pack(start)
    names = _candidates(formulation)
    reasons: dict[str, str] = {}
    tried: dict[str, str] = {}
    best: _Attempt | None = None
    for number, place in enumerate(_starts(game, first, seed)):
        for name in names:
            if name not in reasons and name not in tried:
                reason = _refusal(game, concept, name, engine)
                if reason is not None:
                    reasons[name] = reason
            again = name in tried and not getattr(formulations()[name], "needs_start", True)
            if name in reasons or again:
                continue
            try:
                attempt = _attempt(game, concept, name, engine, place, tolerance, options, number)
            except UnsupportedFunction as reason:
                reasons[name] = str(reason)
                continue
            if attempt.holds(tolerance, concept):
                explain = partial(_explanation, game, concept, engine, name, dict(tried))
                return _equilibrium(game, concept, attempt, explain)
            if name == "mixed-integer" and attempt.solution.status is Status.UNBOUNDED:
                leaders = ", ".join(
                    repr(game.player_names[k]) for k in concept.leaders(game.player_names)
                )
                raise EquilibriumNotFound(
                    f"Leader {leaders} gains without bound: some answers of the followers let its "
                    "payoff grow for ever. Bound its variables or its payoff."
                )
            torn = contradiction(game) if best is None else None
            if torn is not None:
                raise EquilibriumNotFound(torn, advice="Relax one of them.")
            best = attempt if best is None or attempt.better_than(best) else best
            tried[name] = attempt.sentence()
        if not tried:
            raise NoFormulation(f"No formulation applies to {concept!r} on this game:", reasons)
    raise _not_found(best)


def random_starts(game: Game, count: int, seed: int) -> list[Array]:
    """Points inside the bounds; unbounded sides reach ten times beyond the default start."""
    rng = np.random.default_rng(seed)
    numbers = game.numbers
    centre = numbers.default_start()
    reach = 10 * (1 + np.abs(centre))
    low = np.where(np.isfinite(numbers.lower), numbers.lower, centre - reach)
    high = np.where(np.isfinite(numbers.upper), numbers.upper, np.maximum(centre, low) + reach)
    # 0.0 added, because a bound read from q <= 0 is -0.0, and [0.0, -0.0] counts as empty.
    return [rng.uniform(low + 0.0, high + 0.0) for _ in range(count)]


@dataclass(frozen=True)
class _Attempt:
    program: Any
    solution: Solution
    recovered: Recovered
    vector: Array
    certificate: Certificate | None

    def holds(self, tolerance: float, concept: Any) -> bool:
        sure = self.certificate
        if sure is None or not sure.holds(tolerance) or sure.second_order == "violated":
            return False
        if isinstance(concept, VariationalEquilibrium):
            return sure.kind != "generalized"
        return True

    def better_than(self, other: _Attempt) -> bool:
        if self.certificate is None or other.certificate is None:
            return other.certificate is None and self.certificate is not None
        return self.certificate.max_gain < other.certificate.max_gain

    def residuals(self) -> dict[str, float]:
        sure = self.certificate
        if sure is None:
            return {"residual": self.solution.residual}
        return {
            "gain from deviating": sure.max_gain,
            "first-order residual": sure.kkt_residual,
            "infeasibility": sure.infeasibility,
        }

    def sentence(self) -> str:
        reached = ", ".join(f"{name} {value:.1e}" for name, value in self.residuals().items())
        return f"tried; {self.solution.status.value} {reached}."


def _candidates(formulation: str | None) -> list[str]:
    """Names of formulations to try, in order."""
    known = {**formulations(), **formulations("finite")}
    if formulation is not None and formulation not in known:
        raise NoFormulation(
            f"There is no formulation called {formulation!r}; there are {', '.join(known)}."
        )
    return [formulation] if formulation else sorted(formulations(), key=_rank)


def _refusal(game: Game, concept: Any, name: str, engine: Any) -> str | None:
    """Why a formulation is out, or None."""
    out = family_refusal(name, "continuous", concept)
    if out is not None:
        return out
    route = formulations()[name]
    if engine is not None and route.kind not in engine.kinds:
        return f"solver {engine.name!r} does not take {route.kind} programs."
    return route.refuses(game, concept)  # type: ignore[no-any-return]


def _explanation(
    game: Game, concept: Any, engine: Any, used: str, tried: Mapping[str, str]
) -> dict[str, str]:
    """Every formulation with its fate, computed when somebody asks."""
    fates: dict[str, str] = {}
    for name in sorted(formulations(), key=_rank):
        reason = _refusal(game, concept, name, engine)
        fates[name] = (
            "used."
            if name == used
            else tried.get(name) or (f"refused: {reason}" if reason else "applies; was not needed.")
        )
    return fates


def _rank(name: str) -> tuple[int, str]:
    return (PREFERENCE.index(name) if name in PREFERENCE else len(PREFERENCE)), name


def _starts(game: Game, first: Array | None, seed: int) -> list[Array | None]:
    """The given start, or None for the formulation's own, then random ones."""
    return [first, *random_starts(game, RESTARTS, seed)]


def _attempt(
    game: Game,
    concept: Any,
    name: str,
    engine: Any,
    start: Array | None,
    tolerance: float,
    options: Mapping[str, Any],
    number: int,
) -> _Attempt:
    route = formulations()[name]
    program = route.compile(game, concept, start)
    if engine is None:
        engine = default_solver(route.kind)
        if number and isinstance(engine, SemismoothNewton):
            # The first start has failed: be more patient, and perturb differently.
            engine = SemismoothNewton(restarts=4 * engine.restarts, seed=number)
    engine = with_options(engine, options)
    is_mcp = route.kind == "complementarity"
    solution = engine.solve(program.problem if is_mcp else program)
    attempt = _certified(game, concept, route, program, solution)
    for other in solution.others:
        # First-order points of followers with several need not be their answers.
        if attempt.holds(tolerance, concept):
            break
        candidate = _certified(game, concept, route, program, other)
        attempt = candidate if candidate.holds(tolerance, concept) else attempt
    if attempt.certificate is None:
        return attempt
    if is_mcp or isinstance(concept, Stackelberg):
        return (
            _with_bound(game, concept, attempt) if getattr(route, "proves_bound", True) else attempt
        )
    # The multipliers come from the first-order conditions, and so does the last digit.
    polished = _polish(game, concept, attempt)
    return polished if polished.holds(tolerance, concept) else attempt


def _certified(game: Game, concept: Any, route: Any, program: Any, solution: Solution) -> _Attempt:
    recovered = route.recover(program, solution)
    vector = recovered.x[: game.n]
    finite = np.isfinite(vector).all()
    certificate = certify(game, vector, concept) if finite else None
    return _Attempt(program, solution, recovered, vector, certificate)


def _with_bound(game: Game, concept: Any, attempt: _Attempt) -> _Attempt:
    """The attempt with a global solver's bound on the leader, where there is one."""
    bound = getattr(attempt.solution, "bound", None)
    certificate, value = attempt.certificate, attempt.solution.objective
    if bound is None or certificate is None or value is None:
        return attempt
    sign = int(game.signs[concept.leaders(game.player_names)[0]])
    proven = attempt.solution.solved and certificate.kind == "Stackelberg"
    scope = "global" if proven else certificate.scope
    certified = replace(certificate, bound=sign * bound, scope=scope)
    return replace(attempt, certificate=certified)


def _polish(game: Game, concept: Any, attempt: _Attempt) -> _Attempt:
    route = Complementarity()
    kkt = route.compile(game, concept, attempt.vector)
    solution = SemismoothNewton(restarts=0).solve(kkt.problem)  # near it already, or nowhere
    recovered = route.recover(kkt, solution)
    vector = recovered.x[: game.n]
    size = 1 + np.abs(attempt.vector).max(initial=0.0)
    near = np.isfinite(vector).all() and np.abs(vector - attempt.vector).max() <= 1e-2 * size
    if not near:
        return attempt
    certificate = certify(game, vector, concept)
    return _Attempt(attempt.program, attempt.solution, recovered, vector, certificate)


def _equilibrium(
    game: Game, concept: Any, attempt: _Attempt, explain: Callable[[], Mapping[str, str]]
) -> Equilibrium:
    vector = attempt.vector
    payoffs = game.declared_payoffs(vector)
    certificate = attempt.certificate
    assert certificate is not None
    return Equilibrium(
        strategies=game.unpack(vector),
        payoffs=dict(zip(game.player_names, payoffs.tolist(), strict=True)),
        vector=vector,
        certificate=certificate,
        multipliers=attempt.recovered.multipliers,
        program=attempt.program,
        explain=explain,
        solution=attempt.solution,
        values=game.values(vector),
        concept=type(concept).__name__,
        game=game,
    )


def _without_answer(best: _Attempt) -> str:
    """A sentence that names players without a best response at the point reached."""
    gains = best.certificate.gains if best.certificate is not None else {}
    names = [repr(name) for name, gain in gains.items() if gain == np.inf]
    if not names:
        return ""
    many = len(names) > 1
    return (
        f"There player{'s' if many else ''} {', '.join(names[:5])} "
        f"{'have' if many else 'has'} no best response that could be found: "
        f"{'their' if many else 'its'} payoff is unbounded, or the constraints cannot be met. "
    )


def _not_found(best: _Attempt | None) -> EquilibriumNotFound:
    if best is None:
        return EquilibriumNotFound("No start could be tried.")
    stuck = _without_answer(best)
    advice = (
        f"{stuck}Try another start=, look with eq.find_equilibria(game, starts=...), or check "
        "that every player's problem has a solution: a bounded payoff, constraints that can be met."
    )
    return EquilibriumNotFound(
        "No point passed the certificate.",
        status=best.solution.status.value,
        residuals=best.residuals(),
        advice=advice,
    )
