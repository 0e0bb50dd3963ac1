"""The best pure commitment against a given response algorithm: listed, or found and proven.

Where few commitments differ, all are played out and the best is the answer. Where they are many,
those are played out that could be better than the best so far if followers did what suits the
leader (`eqsolve.commitment.search`); when none is left, the best is optimal.

Followers whose play is random give a commitment a random value. Then values are means over
replications: all commitments share the random numbers of a batch, the best is played again with
fresh ones for an unbiased value, and the bound holds for all commitments together with the stated
confidence (Hoeffding's inequality with a union over commitments), or for sure where the team's
bound is lower.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.blocks import Blocks, blocks_of
from eqsolve.commitment.episodes import play_episodes, unfinished_note
from eqsolve.commitment.optimum import EXACT, CommitmentOptimum, pure_policy
from eqsolve.commitment.policy import Commitment, MixedCommitment
from eqsolve.commitment.responses.best_response import BestResponse
from eqsolve.commitment.responses.certified import Certified
from eqsolve.commitment.responses.per_type import PerType
from eqsolve.commitment.responses.protocol import Response
from eqsolve.commitment.responses.q_learning import QLearning
from eqsolve.commitment.search import LISTED, MOST, Search, Seen
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.team import TeamBound, team_bound
from eqsolve.errors import BadCommitment, ResponseNotFinished

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
BATCH = 4096  # episodes played together
FRESH = 10  # how many times the replications are played again for the best


def randomness(setting: Setting) -> str | None:
    """Why followers' answer to a commitment is random, or None where it is not.

    Examples
    --------
    >>> import eqsolve as eq
    >>> from eqsolve.commitment.responses import MultiplicativeWeights
    >>> game = eq.models.simple_allocation()
    >>> lead = eq.StackelbergPOMDP(game, response=MultiplicativeWeights(), response_plays=9)
    >>> randomness(lead.setting)
    "it learns from plays that are drawn; with feedback='expected' it would not be random"
    """
    return _random_part(setting.response, setting.game)


def _random_part(response: Response, game: Any) -> str | None:
    if isinstance(response, Certified):
        return _random_part(response.inner, game)
    if isinstance(response, BestResponse) or getattr(response, "deterministic", False):
        return None
    if isinstance(response, PerType):
        alone = game.followers == 1 and game.prior is not None and game.prior.size == 1
        if response.feedback == "expected" or alone:
            return None
        return (
            "it learns from plays that are drawn; with feedback='expected' it would not be random"
        )
    if isinstance(response, QLearning):
        return "it explores at random"
    return "nothing says that it is deterministic; where it is, give it deterministic = True"


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Plays commitments out against a setting's followers.

    Parameters
    ----------
    setting : Setting
    replications : int
        Episodes a commitment; 1 where nothing is random.
    seed : int
    """

    setting: Setting
    replications: int = 1
    seed: int = 0

    def samples(self, commitment: Commitment | MixedCommitment, stream: int = 0) -> Array:
        """Values (B, replications); -inf where followers must come to an end and do not."""
        setting, R = self.setting.forgiving, self.replications
        exact = setting.response.memoryless
        rng = np.random.default_rng([self.seed, stream])
        many = type(commitment)(np.repeat(commitment.table, R, axis=0))
        went = play_episodes(setting, many, rng, exact=exact)
        values = went.rewards
        if self.setting.response.demands_end:
            values = np.where(went.finished, values, -np.inf)
        return values.reshape(-1, R)

    def values(self, commitment: Commitment | MixedCommitment, stream: int = 0) -> Array:
        """Mean values (B,)."""
        return np.asarray(self.samples(commitment, stream).mean(axis=1))

    @property
    def batch(self) -> int:
        """Commitments to play out together."""
        game = self.setting.game
        size = int(np.prod(game.types) * np.prod(game.actions))
        return max(1, min(BATCH, 4_000_000 // max(1, size)) // self.replications)


def best_pure(
    setting: Setting,
    *,
    replications: int | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    gap: float = EXACT,
    most: int = MOST,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> CommitmentOptimum:
    """The best pure commitment of a setting; see `eq.optimal_commitment`.

    Raises
    ------
    BadCommitment
        When plays cannot be listed, or followers' play is random and no replications are given.
    ResponseNotFinished
        When followers come to their end under no commitment.
    """
    reason = randomness(setting)
    if reason is not None and replications is None:
        raise BadCommitment(
            f"The value of a commitment against {setting.response!r} is random: {reason}. Give "
            "replications=, the number of episodes by which each commitment is judged."
        )
    blocks = blocks_of(setting.game)
    team = team_bound(blocks, lotteries=plays_plans(setting.response))
    evaluator = Evaluator(setting, 1 if reason is None else int(replications or 1), seed)
    search = Search(
        blocks=blocks,
        team=team,
        values=evaluator.values,
        batch=evaluator.batch,
        gap=gap,
        room=most / evaluator.replications,
        certain=reason is None,
        few=blocks.total * evaluator.replications <= LISTED,
        report=report,
        seed=seed,
    )
    bound, listed = search.run()
    found = search.seen
    if found.places is None:
        raise ResponseNotFinished(
            f"{setting.response!r} has not finished after {setting.response_plays} plays under "
            f"any of {found.count} commitments; give it more plays, or a looser bound."
        )
    method = "enumeration" if listed else "decomposition over observations"
    notes = [_restless(found)] if found.restless else []
    worst = found.worst if listed and evaluator.replications == 1 else None
    value, interval = found.value, None
    if reason is not None:
        value, interval, bound, note = _judged_again(
            setting, evaluator, blocks, team, found, listed, confidence
        )
        notes.append(note)
        method += ", sampled"
    elif not listed and _short(value, max(bound, value)):
        notes.append(
            f"Of {blocks.total:.3g} commitments {found.count} were played out; the bound is that "
            "of followers who do as the leader wishes."
        )
    best = blocks.combined(found.places[None])
    notes.extend(unfinished_note(setting, best, np.random.default_rng([seed, 2])))
    table = best.table[0]
    policy = pure_policy(table, setting.game.leader_actions, blocks.asked(found.places))
    return CommitmentOptimum(
        value=value,
        bound=max(bound, value),
        policy=policy,
        method=method,
        worst=worst,
        commitments=found.count,
        interval=interval,
        notes=tuple(notes),
        problem=setting,
    )


def plays_plans(response: Response) -> bool:
    """Whether followers' final behaviour is a lottery over plans; others may correlate types."""
    return isinstance(response, (PerType, Certified, BestResponse, QLearning))


def _short(value: float, bound: float) -> bool:
    return bound - value > EXACT * max(1.0, abs(bound))


def _restless(found: Seen) -> str:
    return (
        f"Under {found.restless} of {found.count} commitments followers do not come to an end; "
        "those are not admitted."
    )


def _judged_again(
    setting: Setting,
    evaluator: Evaluator,
    blocks: Blocks,
    team: TeamBound,
    found: Seen,
    listed: bool,
    confidence: float,
) -> tuple[float, tuple[float, float], float, str]:
    """Value with interval from fresh plays, bound, and a sentence."""
    from scipy.stats import t as student

    assert found.places is not None
    again = replace(evaluator, replications=FRESH * evaluator.replications)
    sample = again.samples(blocks.combined(found.places[None]), stream=1)[0]
    value = float(sample.mean())
    half = 0.0
    if sample.size > 1:
        spread = float(sample.std(ddof=1)) / np.sqrt(sample.size)
        half = float(student.ppf(0.5 + confidence / 2, sample.size - 1)) * spread
    graph = setting.game.graph
    paid = np.concatenate([block.values[:, 0].ravel() for block in blocks.blocks])
    spread = float(np.ptp(np.concatenate([paid, graph.root_rewards[0]])))
    bound, note = team.value, "The bound is that of followers who do as the leader wishes."
    if listed:
        lift = spread * np.sqrt(
            np.log(found.count / (1 - confidence)) / (2 * evaluator.replications)
        )
        if found.value + lift < bound:
            bound = found.value + float(lift)
            note = f"The bound holds with probability {confidence:g}."
    return (
        value,
        (value - half, value + half),
        bound,
        (
            f"Followers' play is random: {evaluator.replications} episodes a commitment, "
            f"{again.replications} fresh ones for the best. {note}"
        ),
    )
