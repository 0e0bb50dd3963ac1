"""What is asked of a design: all that stays the same whatever the share of coin flipping."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from eqsolve.design.mixing import Passage, averaging_time, unseen_mass
from eqsolve.design.occupancy import coin_flipping, policy_of
from eqsolve.design.restrictions import Restrictions
from eqsolve.programs.sampling import SamplingProgram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

BEARABLE = 0.01  # mass of an arm's law that may never stay unseen without a warning


@dataclass(frozen=True, eq=False)
class Question:
    """All that stays the same whatever the share of coin flipping."""

    experiment: MarkovExperiment
    weights: Array
    criterion: str
    restrictions: Restrictions
    need: Array
    usable: Mask

    @cached_property
    def coin_policy(self) -> Array:
        """Coin flipping above the floors (S, A)."""
        return coin_flipping(self.restrictions.allowed, self.usable, self.restrictions.floor)

    @cached_property
    def coin(self) -> Array:
        """Its occupancy (A, S)."""
        return self.experiment.occupancy(self.coin_policy)

    @cached_property
    def estimated(self) -> Mask:
        """Arms that some contrast weighs (A,)."""
        return np.asarray(np.abs(self.weights).max(axis=0) > 0)

    @cached_property
    def prices(self) -> Array:
        """What a step is counted at (A, S): its cost where the budget alone ends the run."""
        costs = self.restrictions.costs
        if costs is None or not self.restrictions.steps_are_free:
            return np.ones(self.need.shape)
        # A step that is not allowed may cost nothing, or anything.
        return np.where(costs > 0, costs, 1.0)

    def program(self, share: float) -> SamplingProgram:
        """The program with a share of coin flipping."""
        limited = self.restrictions.average_limit is not None
        return SamplingProgram(
            kernels=self.experiment.transitions,
            laws=self.experiment.stationary,
            step_variances=self.experiment.step_variances,
            weights=self.weights**2,
            coin=self.coin,
            criterion=self.criterion,
            prices=self.prices,
            floor=self.restrictions.floor,
            allowed=self.restrictions.allowed,
            share=share,
            costs=self.restrictions.costs if limited else None,
            cost_limit=self.restrictions.average_limit,
        )

    def average_price(self, occupancy: Array) -> float:
        """Mean price of a step under an occupancy that sums to one."""
        return float((self.prices * occupancy).sum())

    def average_cost(self, occupancy: Array) -> float | None:
        """Mean cost of a step, where there are costs."""
        costs = self.restrictions.costs
        return None if costs is None else float((costs * occupancy).sum())

    def horizon(self, occupancy: Array) -> float | None:
        """Steps of the run: given, bought by the budget, or unknown."""
        if self.restrictions.steps is not None:
            return float(self.restrictions.steps)
        if self.restrictions.budget is None:
            return None
        return self.restrictions.budget / self.average_price(occupancy)

    @cached_property
    def coin_relaxation_time(self) -> float:
        """Of coin flipping above the floors, in steps."""
        return averaging_time(self.experiment.chain(self.coin_policy))

    def passage(self, occupancy: Array, relaxation_time: float) -> Passage | None:
        """How far the run gets under an occupancy; None where its length is unknown."""
        steps = self.horizon(occupancy)
        if steps is None:
            return None
        used = self.estimated
        unseen = unseen_mass(self.experiment.stationary[used], occupancy[used], steps)
        return Passage(relaxation_time, steps, unseen)

    @cached_property
    def bearable(self) -> float:
        """Unseen mass that is let pass, because coin flipping hardly leaves less."""
        reached = self.passage(self.coin, self.coin_relaxation_time)
        return 0.0 if reached is None else min(1.5 * reached.unseen, BEARABLE)

    def mixture(self, occupancy: Array, share: float) -> tuple[Array, Array]:
        """Policy and occupancy of a design with a share of coin flipping mixed in."""
        priced = occupancy / self.average_price(occupancy)
        coin = self.coin / self.average_price(self.coin)
        mixed = (1.0 - share) * priced + share * coin
        return policy_of(mixed, self.coin_policy), mixed / mixed.sum()
