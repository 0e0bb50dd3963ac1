"""Q-learning without states: every action has a value, moved towards what it paid.

    Q(b) <- Q(b) + alpha_t (payoff - Q(b))     for the action played (bandit feedback),
                                               or for every action (expected, sampled);
    Boltzmann exploration        x ~ exp(Q / temperature)
    epsilon-greedy               the best action, but with probability epsilon any one

(Watkins and Dayan 1992; in games Claus and Boutilier 1998, Leslie and Collins 2005). With
expected feedback, Boltzmann exploration and a constant temperature, rest points are the logit
equilibria of precision 1 / temperature; in zero-sum games they attract (Leonardos,
Piliouras and Spendlove 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.finite_learner import FiniteLearner, pure_payoffs
from eqsolve.dynamics.protocol import Schedule, State, at
from eqsolve.dynamics.simplices import best_actions, drawn, softmax
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
EXPLORATIONS = ("boltzmann", "epsilon")


@dataclass(frozen=True)
class QLearning(FiniteLearner):
    """Action values learned from payoffs, and a policy that explores.

    Parameters
    ----------
    rate : float or callable k -> float
        alpha; a schedule is called with k = 1, 2, ...
    exploration : "boltzmann" or "epsilon"
    temperature : float or callable k -> float
        Of Boltzmann exploration, in units of payoff.
    epsilon : float or callable k -> float
        Probability of exploring, epsilon-greedy.
    initial : float
        Value of every action at the start, in units of payoff.
    feedback : "bandit", "expected" or "sampled"
    unit : float or "spread"
        What payoffs are divided by; 1.0 leaves them as they are.

    Raises
    ------
    EqsolveError
        For rates, temperatures or probabilities out of range, or an unknown word.

    Examples
    --------
    >>> QLearning(rate=0.1, exploration="epsilon").epsilon
    0.1
    """

    rate: Schedule = 0.1
    exploration: str = "boltzmann"
    temperature: Schedule = 0.1
    epsilon: Schedule = 0.1
    initial: float = 0.0
    feedback: str = "bandit"
    unit: str | float = 1.0

    def __post_init__(self) -> None:
        self._check_options(("bandit", "expected", "sampled"))
        if self.exploration not in EXPLORATIONS:
            raise EqsolveError(
                f"QLearning: exploration must be one of {EXPLORATIONS}, not {self.exploration!r}."
            )
        for name, value, top in (
            ("rate", self.rate, 1.0),
            ("temperature", self.temperature, np.inf),
            ("epsilon", self.epsilon, 1.0),
        ):
            if not callable(value) and not 0 < value <= top:
                raise EqsolveError(
                    f"QLearning: {name} must be positive and at most {top:g}, not {value!r}."
                )

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """Values take in a round's payoffs; the policy follows the values."""
        count, values = state
        if self.feedback == "bandit":
            pure = drawn(profile, game.blocks, rng)
            paid = pure_payoffs(game, pure) / self._units(game)
            values = values + at(self.rate, count) * pure * (paid - values)
        else:
            told = self._told(game, profile, rng)
            values = values + at(self.rate, count) * (told - values)
        return self._policy(game, values, count + 1), (count + 1, values)

    def _policy(self, game: Any, values: Array, count: NDArray[np.int64]) -> Array:
        if self.exploration == "boltzmann":
            return softmax(values / at(self.temperature, count), game.blocks)
        chance = at(self.epsilon, count)
        greedy = best_actions(values, game.blocks)
        return np.asarray((1 - chance) * greedy + chance * game.uniform())

    def _memory(self, game: Any, profile: Array) -> State:
        return (np.full_like(profile, self.initial),)

    def _answer(self, game: Any, profile: Array, told: Array, state: State) -> tuple[Array, State]:
        raise AssertionError("Q-learning answers in step()")
