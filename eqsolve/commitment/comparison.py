"""What policies are worth more than another one: differences over seeds, with an interval.

Policies that were learned from different seeds differ, and so does what followers make of one
and the same policy. Policy s and the baseline are both played in fresh episodes with the same
random numbers, d_s is the difference of their mean rewards, and the interval of the mean of the
d_s is Student's over policies: it covers both kinds of chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import BadCommitment
from eqsolve.results import Table, format_number

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class PolicyComparison:
    """Policies against a baseline.

    Attributes
    ----------
    values, baseline : ndarray (S,)
        Mean rewards of each policy, and of the baseline with the same random numbers.
    level : float
    """

    values: Array
    baseline: Array
    level: float

    @property
    def differences(self) -> Array:
        """d_s, (S,)."""
        return self.values - self.baseline

    @property
    def mean(self) -> float:
        """Mean difference."""
        return float(self.differences.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Of the mean difference, Student's."""
        from scipy.stats import t as student

        d = self.differences
        half = float(student.ppf(0.5 + self.level / 2, d.size - 1) * d.std(ddof=1) / d.size**0.5)
        return self.mean - half, self.mean + half

    @property
    def excludes_zero(self) -> bool:
        """Whether the policies are better, or worse, beyond chance."""
        low, high = self.interval
        return low > 0 or high < 0

    def table(self) -> Table:
        """One row a policy, and the mean difference with its interval."""
        columns = (range(self.values.size), self.values, self.baseline, self.differences)
        low, high = map(format_number, self.interval)
        note = f"mean difference {format_number(self.mean)}, {self.level:.0%} in [{low}, {high}]"
        rows = tuple(zip(*columns, strict=True))
        return Table(("policy", "value", "baseline", "difference"), rows, notes=(note,))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def compare_policies(
    pomdp: Any,
    policies: Sequence[Any],
    baseline: Any,
    *,
    episodes: int = 256,
    seed: int = 0,
    level: float = 0.95,
) -> PolicyComparison:
    """How much more policies are worth than a baseline.

    Parameters
    ----------
    pomdp : StackelbergPOMDP
    policies : sequence of policies
        Two or more, such as those learned from different seeds; each as `StackelbergPOMDP.play`
        takes it.
    baseline : policy
    episodes : int
        Fresh ones of each policy.
    seed : int
    level : float
        Of the interval.

    Raises
    ------
    BadCommitment
        For fewer than two policies.

    Examples
    --------
    >>> import eqsolve as eq
    >>> from eqsolve.commitment import QLearning
    >>> lead = eq.StackelbergPOMDP(
    ...     eq.models.load("conitzer"), response=QLearning(epsilon=0.5), response_plays=50
    ... )
    >>> compare_policies(lead, [[1], [1], [1]], [0], episodes=16).mean
    1.0
    """
    if len(policies) < 2:
        raise BadCommitment(
            f"An interval over policies needs two or more of them, not {len(policies)}."
        )
    rewards = []
    for s, policy in enumerate(policies):
        pair = [
            pomdp.play(_given(own), seed=np.random.default_rng([seed, s]), batch=episodes).rewards
            for own in (policy, baseline)
        ]
        rewards.append([own.mean() for own in pair])
    values = np.array(rewards)
    return PolicyComparison(values[:, 0], values[:, 1], level)


def _given(policy: Any) -> Any:
    return np.asarray(policy) if isinstance(policy, list) else policy
