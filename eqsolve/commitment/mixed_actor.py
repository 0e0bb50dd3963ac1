"""A leader's policy over mixed commitments: logits that are normal, mixes by softmax.

The leader's mix at observation o is softmax(z(o)) with z(o, a) ~ N(m(o, a), e^{2 l(o, a)})
independently (a logistic-normal mix). For rewards R of commitments with standardised logits
eps = (z - m) / e^l the gradient of E[f(R)] in the geometry of the normal laws is

    e^l E[f(R) eps]  for m,        E[f(R) (eps^2 - 1)] / 2  for l

(separable natural evolution strategies: Wierstra and others 2014). f weighs ranks, so that the
cliff at which followers leave counts by how often it is met and not by how deep it is: best
mixes lie on its edge. What the followers see is the mix; nothing is drawn from it before they
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.policy import MixedCommitment

Array = NDArray[np.float64]
State = dict[str, NDArray[Any]]
NARROW = -5.0  # ln of the spread of logits at which a start has settled
TOLD_ZERO = 0.02  # probabilities below which a mix is also tried with zeros


@dataclass(frozen=True)
class MixedActor:
    """Many starts side by side; arrays have the S starts first.

    Parameters
    ----------
    observations, actions : int
    rate : float
        Of the means, in spreads.
    narrowing : float
        Of the logarithms of the spreads.
    """

    observations: int
    actions: int
    rate: float = 1.0
    narrowing: float = 0.3

    def begin(self, rng: np.random.Generator, starts: int) -> State:
        """Fresh starts, with wide spreads."""
        shape = (starts, self.observations, self.actions)
        return {
            "scores": rng.standard_normal(shape),
            "spread": np.full(shape, np.log(1.5)),
            "age": np.zeros(starts, dtype=np.int64),
        }

    def draw(
        self, state: State, rng: np.random.Generator, batch: int
    ) -> tuple[MixedCommitment, Array]:
        """`batch` commitments of every start, and their eps (S, b, observations, actions).

        Every other one mirrors the one before it, which halves the noise of the gradient.
        """
        starts, seen, acts = state["scores"].shape
        half = rng.standard_normal((starts, (batch + 1) // 2, seen, acts))
        noise = np.stack([half, -half], axis=2).reshape(starts, -1, seen, acts)[:, :batch]
        logits = state["scores"][:, None] + np.exp(state["spread"])[:, None] * noise
        return MixedCommitment(softmax(logits).reshape(starts * batch, seen, acts)), noise

    def modes(self, state: State) -> NDArray[Any]:
        """Every start's mean mix, then the same with small probabilities as zeros."""
        mixes = softmax(state["scores"])
        cut = np.where(mixes < TOLD_ZERO, 0.0, mixes)
        return np.concatenate([mixes, cut / cut.sum(axis=2, keepdims=True)])

    def settled(self, state: State) -> NDArray[np.bool_]:
        """Which starts hardly vary any more."""
        return np.asarray((state["spread"] < NARROW).all(axis=(1, 2)))

    def learn(self, state: State, drawn: Any, rewards: Array, asked: Any) -> State:
        """One natural gradient step.

        Parameters
        ----------
        state : dict of ndarray
        drawn : ndarray (S, b, observations, actions)
            The eps of the commitments.
        rewards : ndarray (S, b)
        asked : ndarray (S, b, observations) of bool
            Where the answer counted. Followers may look at a mix anywhere: not used.
        """
        noise = drawn
        weights = ranked(rewards)
        spread = np.exp(state["spread"])
        moved = np.einsum("sb,sboa->soa", weights, noise)
        wider = np.einsum("sb,sboa->soa", weights, noise**2 - 1)
        return {
            "scores": state["scores"] + self.rate * spread * moved,
            "spread": state["spread"] + self.narrowing * wider / 2,
            "age": state["age"] + 1,
        }


def softmax(logits: Array) -> Array:
    """exp(logits) over the last axis, normalised."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def ranked(rewards: Array) -> Array:
    """Weights of rewards (S, b) by rank, adding to zero; equal rewards weigh the same.

    ln(b / 2 + 1) - ln(rank), if positive, normalised, less 1 / b.
    """
    batch = rewards.shape[1]
    raw = np.maximum(np.log(batch / 2 + 1) - np.log(np.arange(1, batch + 1)), 0)
    raw = raw / raw.sum() - 1.0 / batch
    # Ties share their ranks' weight: an average over all that are equal.
    out = np.empty(rewards.shape)
    for s, row in enumerate(rewards):
        _, place, count = np.unique(-row, return_inverse=True, return_counts=True)
        ends = np.cumsum(count)
        sums = np.diff(np.concatenate([[0.0], np.cumsum(raw)[ends - 1]]))
        out[s] = (sums / count)[place]
    return out
