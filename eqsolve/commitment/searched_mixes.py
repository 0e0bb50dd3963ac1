"""What is known of the best mix before other followers: a search, and a bound.

Every pure commitment is a mix, and mixes near the best so far are tried, ever nearer. No mix
does better than followers who do as the leader wishes (`eqsolve.commitment.team`); where the best
pure commitment reaches that, it is the best mix too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.blocks import blocks_of
from eqsolve.commitment.enumeration import Evaluator, plays_plans
from eqsolve.commitment.mixes import why_not
from eqsolve.commitment.optimum import EXACT, CommitmentOptimum, CommittedPolicy
from eqsolve.commitment.policy import MixedCommitment
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.team import asks_once, forgetful_bound, team_bound

Array = NDArray[np.float64]


def best_mix_between(setting: Setting, pure: CommitmentOptimum, bound: float) -> CommitmentOptimum:
    """What is known of the best mix otherwise: it does as well as the best pure commitment.

    Parameters
    ----------
    setting : Setting
    pure : CommitmentOptimum
        Of the same followers, who see the pure commitment as a mix.
    bound : float
        That no mixed commitment exceeds.
    """
    table = pure.policy.probabilities()
    value = float(Evaluator(setting).values(MixedCommitment(table[None]))[0])
    polished, better = table, value
    if bound - value > EXACT * max(1.0, abs(bound)):
        polished, better = _polished(setting, table, value)
    notes: tuple[str, ...] = pure.notes
    if bound - better > EXACT * max(1.0, abs(bound)):
        notes = (
            *notes,
            f"Mixes were searched from the best pure commitment, because {why_not(setting)}; the "
            "bound is that of followers who do as the leader wishes.",
        )
    return CommitmentOptimum(
        value=better,
        bound=max(bound, better),
        policy=CommittedPolicy(polished, pure.policy.asked),
        method=pure.method + (", then a search over mixes" if polished is not table else ""),
        mixed=True,
        commitments=pure.commitments,
        notes=notes,
        problem=setting,
    )


def _polished(setting: Setting, table: Array, value: float) -> tuple[Array, float]:
    """Mixes around the best so far, ever nearer (cross-entropy search with fixed seeds)."""
    rng, evaluator = np.random.default_rng(0), Evaluator(setting)
    best, reached, width = table, value, 1.0
    shape = table.shape
    for _ in range(60):
        drawn = rng.dirichlet(np.ones(shape[1]), size=(512, shape[0]))
        share = width * rng.random((512, 1, 1))
        tables = (1 - share) * best + share * drawn
        rewards = evaluator.values(MixedCommitment(tables))
        at = int(rewards.argmax())
        if rewards[at] > reached + 1e-12 * max(1.0, abs(reached)):
            best, reached = tables[at], float(rewards[at])
        else:
            width *= 0.7
    return best, reached


def mixed_bound(setting: Setting) -> float:
    """What no mixed commitment exceeds, from followers who do as the leader wishes."""
    blocks = blocks_of(setting.game)
    if not asks_once(blocks):
        return forgetful_bound(blocks)
    return team_bound(blocks, lotteries=plays_plans(setting.response)).value
