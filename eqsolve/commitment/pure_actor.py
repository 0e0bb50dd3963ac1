"""A leader's policy over pure commitments, improved by actor and critic.

With scores s(o, a) and pi(a | o) in proportion to exp s(o, a) a commitment c has

    log P(c) = sum over o asked  log pi(c(o) | o),

exactly (`policy`). For its reward R and any function b of everything but the own answer at o,

    d/ds(o, a)  E[R] = E[ 1{o asked} (R - b_o(c)) (1{c(o) = a} - pi(a | o)) ]

(Williams 1992). The critic predicts R from the whole commitment,

    Q(c) = v + sum over o  W(o, c(o)),

and b_o(c) is Q with the answer at o averaged over pi: the counterfactual baseline of Foerster and
others (2018), which sees all other answers and biases nothing. (Whether o is asked does not depend
on the answer there. The sum must not be over those asked alone: what is asked later does depend on
it.) What is averaged out comes back exactly,

    E[1{o asked} (R - Q(c)) (1{c(o) = a} - pi(a | o))]
        + P(o asked) pi(a | o) (W(o, a) - sum_b pi(b | o) W(o, b)).

A critic that sees the leader's observation alone predicts one number V(o) instead. Scores move
by Adam (Kingma and Ba 2015), with an entropy bonus that fades with a start's age.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.policy import Commitment

Array = NDArray[np.float64]
State = dict[str, NDArray[Any]]
FIRST, SECOND, TINY = 0.9, 0.99, 1e-8  # decay of Adam's moments, and what keeps it from 0 / 0
RIDGE = 0.1  # penalty of the critic's coefficients, per episode of a batch


@dataclass(frozen=True)
class PureActor:
    """Many starts side by side; arrays have the S starts first.

    Parameters
    ----------
    observations, actions : int
    rate : float
        Of the scores, a step of Adam.
    bonus : float
        Of the entropy at the beginning, in standard deviations of the reward.
    fading : float
        Updates over which the bonus halves.
    critic : "full" or "none"
    """

    observations: int
    actions: int
    rate: float = 0.3
    bonus: float = 0.1
    fading: float = 10.0
    critic: str = "full"

    def begin(self, rng: np.random.Generator, starts: int) -> State:
        """Fresh starts; scores begin near even."""
        shape = (starts, self.observations, self.actions)
        blank = {name: np.zeros(shape) for name in ("first", "second", "worth")}
        scores = 0.5 * rng.standard_normal(shape)
        return {
            "scores": scores,
            **blank,
            "level": np.full(starts, np.nan),
            "age": np.zeros(starts, dtype=np.int64),
        }

    def probabilities(self, state: State) -> Array:
        """pi(a | o), (S, observations, actions)."""
        raised = np.exp(state["scores"] - state["scores"].max(axis=2, keepdims=True))
        return np.asarray(raised / raised.sum(axis=2, keepdims=True))

    def draw(
        self, state: State, rng: np.random.Generator, batch: int
    ) -> tuple[Commitment, NDArray[Any]]:
        """`batch` commitments of every start, also as tables (S, b, observations)."""
        starts, seen, acts = state["scores"].shape
        noise = -np.log(rng.standard_exponential((starts, batch, seen, acts)))
        drawn = np.argmax(state["scores"][:, None] + noise, axis=3)
        return Commitment(drawn.reshape(starts * batch, seen)), drawn

    def modes(self, state: State) -> NDArray[Any]:
        """Every start's most probable commitment, (S, observations)."""
        return np.asarray(np.argmax(state["scores"], axis=2))

    def settled(self, state: State) -> NDArray[np.bool_]:
        """Which starts hardly vary any more."""
        return np.asarray((self.probabilities(state).max(axis=2) > 0.97).all(axis=1))

    def learn(self, state: State, drawn: Any, rewards: Array, asked: Any) -> State:
        """One step of actor and critic.

        Parameters
        ----------
        state : dict of ndarray
        drawn : ndarray (S, b, observations)
            The commitments.
        rewards : ndarray (S, b)
        asked : ndarray (S, b, observations) of bool
        """
        chosen = drawn[..., None] == np.arange(self.actions)
        mixes = self.probabilities(state)
        level = np.where(np.isnan(state["level"]), rewards.mean(axis=1), state["level"])
        scale = np.maximum(rewards.std(axis=1), TINY * (1 + np.abs(level)))
        slope, worth = self._slope(state["worth"], level, chosen, asked, rewards, mixes)
        log = np.log(np.maximum(mixes, 1e-300))
        entropy = -(mixes * log).sum(axis=2, keepdims=True)
        weight = self.bonus * 0.5 ** (state["age"] / self.fading)
        slope = slope / scale[:, None, None]
        slope -= weight[:, None, None] * mixes * (log + entropy)
        first = FIRST * state["first"] + (1 - FIRST) * slope
        second = SECOND * state["second"] + (1 - SECOND) * slope**2
        age = state["age"] + 1
        count = age[:, None, None]
        step = (first / (1 - FIRST**count)) / (np.sqrt(second / (1 - SECOND**count)) + TINY)
        return {
            "scores": state["scores"] + self.rate * step,
            "first": first,
            "second": second,
            "worth": worth,
            "level": level + 0.3 * (rewards.mean(axis=1) - level),
            "age": age,
        }

    def _slope(
        self, worth: Array, level: Array, chosen: Any, asked: Any, rewards: Array, mixes: Array
    ) -> tuple[Array, Array]:
        """The gradient of E[R], and the critic having seen the batch."""
        batch = rewards.shape[1]
        if self.critic == "none":
            # One number an observation, kept in its first place.
            told = level[:, None] + worth[:, :, 0]
            left = (rewards[:, :, None] - told[:, None]) * asked
            slope = np.einsum("sbo,sboa->soa", left, chosen, optimize=True) / batch
            slope -= mixes * left.mean(axis=1)[..., None]
            count = np.maximum(asked.sum(axis=1), 1)
            moved = worth.copy()
            moved[:, :, 0] += 0.3 * left.sum(axis=1) / count
            return slope, moved
        flat = chosen.reshape(*rewards.shape, -1).astype(float)
        told = level[:, None] + np.einsum("sbf,sf->sb", flat, worth.reshape(len(worth), -1))
        left = rewards - told
        counted = left[:, :, None] * asked
        slope = np.einsum("sbo,sboa->soa", counted, chosen, optimize=True) / batch
        slope -= mixes * counted.mean(axis=1)[..., None]
        mean = (mixes * worth).sum(axis=2, keepdims=True)
        slope += asked.mean(axis=1)[..., None] * mixes * (worth - mean)
        return slope, worth + _ridge(flat, left).reshape(worth.shape)


def _ridge(features: Array, left: Array) -> Array:
    """Coefficients (S, f) that fit what is left (S, b) to features (S, b, f), kept small."""
    batch, count = features.shape[1:]
    turned = features.transpose(0, 2, 1)
    if count <= batch:
        square = turned @ features + RIDGE * batch * np.eye(count)
        return np.asarray(np.linalg.solve(square, turned @ left[..., None]))
    square = features @ turned + RIDGE * batch * np.eye(batch)
    return np.asarray(turned @ np.linalg.solve(square, left[..., None]))
