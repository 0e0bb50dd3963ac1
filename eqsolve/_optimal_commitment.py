"""Optimal commitment: what a leader can get at best from followers who answer, with a bound."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve._simulate_runs import Progress
from eqsolve._solve import solve
from eqsolve.commitment.enumeration import best_pure, randomness
from eqsolve.commitment.mixes import best_mix, why_not
from eqsolve.commitment.optimum import EXACT, NEAR, CommitmentOptimum, CommittedPolicy
from eqsolve.commitment.search import MOST
from eqsolve.commitment.searched_mixes import best_mix_between, mixed_bound
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.smooth_mixes import GAP as SMOOTH
from eqsolve.commitment.smooth_mixes import best_smooth_mix, smooth_value
from eqsolve.concepts import Stackelberg
from eqsolve.errors import BadCommitment
from eqsolve.games.bayesian import BayesianGame
from eqsolve.games.finite import NormalFormGame


def optimal_commitment(
    problem: Any,
    leader: Any = None,
    *,
    commitment: str | None = None,
    response: str | None = None,
    stance: str | None = None,
    replications: int | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    gap: float | None = None,
    most: int = MOST,
    progress: bool = False,
    **options: Any,
) -> CommitmentOptimum:
    """The best a leader can commit to, and the bound that no commitment exceeds.

    Parameters
    ----------
    problem : StackelbergPOMDP, its vector form, Setting, NormalFormGame or BayesianGame
        A POMDP says how followers respond. In a game they answer in equilibrium.
    leader : player, optional
        Of a game; default the first.
    commitment : "mixed" or "pure", optional
        Games: default mixed. A POMDP says it itself.
    response : "nash" or "coarse correlated", optional
        Games: how followers play what the commitment leaves them. Default best responses of one
        follower, coarse correlated play of several.
    stance : "optimistic" or "pessimistic", optional
        Games: which of several such equilibria the leader counts on; default its best.
    replications : int, optional
        POMDPs whose followers play at random: episodes by which each commitment is judged.
    confidence : float
        Of the interval and bound then.
    seed : int
        Of what is drawn then, and of the order in which commitments are tried.
    gap : float, optional
        POMDPs: distance from the bound, relative to max(1, |bound|), at which a search may stop
        before all commitments are listed or all mixes excluded. Default 1e-9, and 1e-5 for
        branch and bound over mixes.
    most : int
        Commitments (times replications) up to which all are listed.
    progress : bool
        Show a progress bar on standard error.
    **options
        Games: of `eq.solve`, such as ``solver=``.

    Returns
    -------
    CommitmentOptimum
        `.value`, `.bound`, `.policy`, `.method`. The two are equal where all commitments were
        listed, where the bound of followers who do as the leader wishes is reached, or where
        programs were solved to the end; else `.gap` says what is open.

    Raises
    ------
    BadCommitment
        When plays cannot be listed, followers' play is random and no replications are given (or
        the leader commits to mixes), or options of games are given with a POMDP.
    ResponseNotFinished
        When the followers come to their end under no commitment.
    NoFormulation, EquilibriumNotFound
        From games, as `eq.solve`.

    Notes
    -----
    Pure commitments of a POMDP: enumeration of those that differ at observations which can be
    asked, or decomposition over observations (`eqsolve.commitment.blocks`, `.team`). Mixed ones:
    linear programs where one follower answers best in the end
    (`eqsolve.commitment.mixes`; Conitzer and Sandholm 2006); branch and bound where one follower
    learns by multiplicative weights and is read as it plays (`.smooth_mixes`); otherwise a
    search, with the bound of followers who do as the leader wishes.
    Games: multiple linear programs, DOBSS (Paruchuri and others 2008), branch and bound for
    coarse correlated followers (`eqsolve.formulations`).

    Examples
    --------
    >>> import eqsolve as eq
    >>> learners = eq.commitment.MultiplicativeWeights(final="argmax", feedback="expected")
    >>> game = eq.models.message_sequential_price("asymmetric", messages=2)
    >>> lead = eq.StackelbergPOMDP(game, response=learners, response_plays=100)
    >>> optimum = optimal_commitment(lead)
    >>> float(optimum.value), float(optimum.bound), optimum.method
    (0.0, 0.0, 'decomposition over observations')
    >>> round(optimal_commitment(eq.models.load("conitzer"), commitment="pure").value, 9)
    2.0
    """
    if isinstance(problem, (NormalFormGame, BayesianGame)):
        return _of_game(problem, leader, commitment, response, stance, options)
    setting = getattr(problem, "setting", problem)
    if not isinstance(setting, Setting):
        raise BadCommitment(
            "optimal_commitment takes a NormalFormGame, a BayesianGame, or a StackelbergPOMDP, "
            f"which says how followers respond, not {type(problem).__name__}."
        )
    given = dict(leader=leader, commitment=commitment, response=response, stance=stance, **options)
    extra = [name for name, value in given.items() if value is not None]
    if extra:
        raise BadCommitment(
            f"{setting.game.name}: {', '.join(extra)} are options of finite games; here the POMDP "
            "says who leads, what may be committed to and how followers respond."
        )
    if replications is not None and replications < 1:
        raise BadCommitment(f"replications must be 1 or more, not {replications!r}.")
    with Progress(progress, 1, 1) as advance:
        count = _Counter(advance)
        if setting.mixed and why_not(setting) is None:
            return best_mix(setting, report=count)
        smooth = smooth_value(setting) if setting.mixed else None
        if smooth is not None:
            return best_smooth_mix(setting, smooth, SMOOTH if gap is None else gap, count)
        reason = randomness(setting)
        if setting.mixed and reason is not None:
            raise BadCommitment(
                f"The value of a mix against {setting.response!r} is random: {reason}. Mixes are "
                "not judged by sampling here; use eq.train_leader."
            )
        pure = best_pure(
            setting,
            replications=replications,
            confidence=confidence,
            seed=seed,
            gap=EXACT if gap is None else gap,
            most=most,
            report=count,
        )
        if not setting.mixed:
            return pure
        return best_mix_between(setting, pure, mixed_bound(setting))


class _Counter:
    """Tells a progress bar of one step in total about shares of the whole."""

    def __init__(self, advance: Any) -> None:
        self._advance, self._shown = advance, 0.0

    def __call__(self, done: int, total: int) -> None:
        share = done / max(total, 1)
        if share > self._shown:
            self._advance(share - self._shown)
            self._shown = share


def _of_game(
    game: Any,
    leader: Any,
    commitment: str | None,
    response: str | None,
    stance: str | None,
    options: dict[str, Any],
) -> CommitmentOptimum:
    """By the formulations of Stackelberg equilibria."""
    commitment = commitment or "mixed"
    if commitment == "correlated":
        raise BadCommitment(
            "A correlation device is no policy of the leader alone; use "
            'eq.solve(game, eq.Stackelberg(leader, commitment="correlated")).'
        )
    response = response or ("nash" if game.players == 2 else "coarse correlated")
    first = game.player_names[0] if leader is None else leader
    concept = Stackelberg(first, stance or "optimistic", commitment, response)
    found = solve(game, concept, **options)
    (place,) = concept.leaders(game.player_names)
    mixes = np.asarray(found.strategies[game.player_names[place]], dtype=float)
    assert found.value is not None
    value, proven = float(found.value), found.certificate.bound
    bound = value if proven is None else max(float(proven), value)
    return CommitmentOptimum(
        value=value,
        bound=bound,
        policy=CommittedPolicy(mixes.reshape(-1, game.actions[place])),
        method=f"eq.solve: {_used(found)}",
        mixed=commitment == "mixed",
        attained=bound - value <= NEAR * max(1.0, abs(bound)),
        problem=game,
        equilibrium=found,
    )


def _used(found: Any) -> str:
    return next((name for name, why in found.explanation.items() if why == "used."), "solved")
