r"""The sampling-design program: which arm to run where, so that a contrast is learned fastest.

Arms l with transition matrices P_l act on one chain with states x. A policy's long-run shares of
time gamma(l, x) are any nonnegative numbers in balance, and the estimated contrast k has variance
V_k(gamma) / n after n steps (Glynn, Johari and Rasouli, *Adaptive experimental design with
temporal interference*, NeurIPS 2020, theorems 1 and 2):

    minimise    sum_k V_k(gamma)  or  max_k V_k(gamma),
                V_k(gamma) = sum_l w_kl^2 sum_x pi_l(x)^2 sigma^2(l, x) / gamma(l, x)
    subject to  gamma = e coin + (1 - e) gamma',   gamma' >= 0,
                sum_l (gamma'_l - P_l' gamma'_l) = 0,
                sum_{l,x} price(l, x) gamma(l, x) = 1,
                gamma'_l(x) >= floor_l sum_m gamma'_m(x),
                sum_{l,x} cost(l, x) gamma(l, x) <= limit.

With prices of one, gamma is an occupancy. With other prices it is an occupancy per unit of
budget, and V the variance times the budget: V is homogeneous of degree -1.

**Lower bound** (derived). Write gamma' = M delta with M = I + floor 1' / (1 - sum floor) in each
state, which turns the floor into delta >= 0. For any numbers h(x), nu, kappa >= 0 and any lambda
on the simplex (all one for the sum), let

    s_l = nu price_l + kappa cost_l + h - P_l h,      q^2 = sum_k lambda_k w_kl^2 pi_l^2 sigma^2.

If a >= 0 and M'a <= M's in every state, then no admissible gamma has a smaller criterion than

    2 sum q sqrt(a) - nu - kappa limit + e sum coin (s - a),

because q^2 / gamma >= 2 q sqrt(a) - a gamma. Multiplying h, nu, kappa and a by one number and
choosing the best gives (sum q sqrt(a))^2 / (nu + kappa limit - e sum coin (s - a)).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.errors import BadExperiment
from eqsolve.programs.sampling_support import end_components

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from eqsolve.programs.sampling_cvxpy import DeclaredSampling

    Array = NDArray[np.float64]

CRITERIA = ("sum", "minimax")
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class SamplingProgram:
    """The arrays of a sampling-design program.

    Parameters
    ----------
    kernels : tuple of scipy.sparse.csr_array, each (S, S)
        One row-stochastic matrix an arm.
    laws : ndarray, shape (A, S)
        Stationary law of each arm run alone; zero where the arm does not stay.
    step_variances : ndarray, shape (A, S)
        sigma^2, the variance that one step with the arm in the state adds.
    weights : ndarray, shape (K, A)
        Squared contrast weights w_kl^2, one row a contrast.
    coin : ndarray, shape (A, S)
        Occupancy of coin flipping among the allowed arms; its scale does not matter. It is what
        `share` mixes in, and the measure in which the program is scaled.
    criterion : {"sum", "minimax"}
        Sum of the contrasts' variances, or the largest of them.
    prices : ndarray, shape (A, S), optional
        Positive price of a step; one by default.
    floor : ndarray, shape (A,), optional
        Least probability of each allowed arm in every state; zero by default.
    allowed : bool ndarray, shape (A, S), optional
        Arms that may run in a state; all by default.
    share : float
        The e above, between 0 and 1: the part of the budget spent on coin flipping.
    costs : ndarray, shape (A, S), optional
        Cost of a step for the cost limit.
    cost_limit : float, optional
        Largest average of `costs` under gamma.
    """

    kernels: tuple[Any, ...]
    laws: Array
    step_variances: Array
    weights: Array
    coin: Array
    criterion: str = "sum"
    prices: Any = None
    floor: Any = None
    allowed: Any = None
    share: float = 0.0
    costs: Any = None
    cost_limit: float | None = None

    kind = "convex"

    def __post_init__(self) -> None:
        arms, states = len(self.kernels), self.kernels[0].shape[0]
        shape = (arms, states)
        weights = np.atleast_2d(np.asarray(self.weights, dtype=np.float64))
        ones = np.ones(shape)
        prices = _shaped("prices", ones if self.prices is None else self.prices, shape)
        coin = _shaped("coin", self.coin, shape)
        checked = {
            "laws": _shaped("laws", self.laws, shape),
            "step_variances": _shaped("step variances", self.step_variances, shape),
            "weights": _shaped("weights", weights, (weights.shape[0], arms)),
            "prices": prices,
            "floor": _shaped(
                "floors", np.zeros(arms) if self.floor is None else self.floor, (arms,)
            ),
            "allowed": _shaped("allowed", ones if self.allowed is None else self.allowed, shape)
            > 0,
            "coin": coin,
            "costs": None if self.costs is None else _shaped("costs", self.costs, shape),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        self._check()
        object.__setattr__(self, "coin", coin / float((prices * coin).sum()))

    def _check(self) -> None:
        if self.criterion not in CRITERIA:
            raise BadExperiment(f"Criterion {self.criterion!r} is unknown: 'sum' or 'minimax'.")
        if not (self.prices > 0).all():
            arm, state = np.argwhere(~(self.prices > 0))[0]
            raise BadExperiment(f"The price of arm {arm} in state {state} must be positive.")
        if not 0 <= self.share <= 1:
            raise BadExperiment(f"The share of coin flipping is {self.share}, not in [0, 1].")
        if (self.costs is None) != (self.cost_limit is None):
            raise BadExperiment("Costs and a cost limit go together: one of them is missing.")
        if not self.allowed.any(axis=0).all():
            state = int(np.flatnonzero(~self.allowed.any(axis=0))[0])
            raise BadExperiment(f"No arm is allowed in state {state}: allow at least one.")
        if (self.coin < 0).any() or not self.coin.any():
            raise BadExperiment("The coin's occupancy must be nonnegative and not all zero.")
        least = (self.floor[:, None] * self.allowed).sum(axis=0)
        if (self.floor < 0).any() or (least >= 1).any():
            raise BadExperiment(
                f"Floors {self.floor.tolist()} must be nonnegative and sum to less than one."
            )

    @property
    def arms(self) -> int:
        return len(self.kernels)

    @property
    def states(self) -> int:
        return int(self.kernels[0].shape[0])

    @property
    def contrasts(self) -> int:
        return int(self.weights.shape[0])

    @cached_property
    def scales(self) -> Array:
        """|w_kl| pi_l sigma_l, shape (K, A, S): its square over gamma sums to V_k.

        The root does not underflow where the square would.
        """
        roots = np.sqrt(self.weights)[:, :, None]
        return np.asarray(roots * self.laws * np.sqrt(self.step_variances))

    def variances(self, occupancy: ArrayLike) -> Array:
        """V_k, shape (K,), of an occupancy (A, S); infinite where it misses what it needs."""
        occupancy = np.asarray(occupancy, dtype=np.float64).reshape(self.arms, self.states)
        ratio = np.full(self.scales.shape, np.inf)
        positive = np.broadcast_to(occupancy > 0, ratio.shape)
        np.divide(self.scales, occupancy, out=ratio, where=positive)
        terms = np.multiply(self.scales, ratio, out=np.zeros_like(ratio), where=self.scales > 0)
        return np.asarray(terms.sum(axis=(1, 2)))

    def value(self, occupancy: ArrayLike) -> float:
        """The criterion at an occupancy (A, S), which need not be in balance."""
        variances = self.variances(occupancy)
        return float(variances.sum() if self.criterion == "sum" else variances.max())

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """Arms that may run for ever where the contrasts need them, shape (A, S).

        Raises
        ------
        BadExperiment
            When a contrast needs an arm in a state that no admissible policy returns to.
        """
        forced = self.allowed & (self.floor > 0)[:, None]
        usable, labels = end_components(self.kernels, self.allowed, forced)
        needed = (self.scales > 0).any(axis=0)
        if not needed.any():
            return np.asarray(usable)
        arm, state = (
            int(i) for i in np.unravel_index(self.scales.max(axis=0).argmax(), needed.shape)
        )
        usable = usable & (labels == labels[state])
        if (needed & ~usable).any():
            lost_arm, lost_state = np.argwhere(needed & ~usable)[0]
            raise BadExperiment(
                f"Arm {lost_arm} must be observed in state {lost_state} and arm {arm} in state "
                f"{state}, but no admissible policy keeps doing both: allow more arms."
            )
        return np.asarray(usable)

    @cached_property
    def declared(self) -> DeclaredSampling:
        """The scaled program in cvxpy, and how its answer reads in the program's own terms."""
        from eqsolve.programs.sampling_cvxpy import declare

        return declare(self)

    @property
    def problem(self) -> Any:
        """The scaled program as a `cp.Problem`."""
        return self.declared.problem

    def describe(self) -> str:
        """The problem as cvxpy prints it."""
        return str(self.problem)


def dual_bound(program: SamplingProgram, multipliers: ArrayLike, occupancy: ArrayLike) -> float:
    """A number that the criterion of no admissible occupancy is below.

    Parameters
    ----------
    program : SamplingProgram
        The program.
    multipliers : ndarray, shape (S + 2 + K,)
        h of the balance equations, nu of the budget, kappa of the cost limit and lambda of the
        contrasts. Any numbers give a valid bound: what is not admissible is made so. Good ones
        give a good bound.
    occupancy : ndarray, shape (A, S)
        Where the bound should be tight; it too may be any nonnegative array.

    Returns
    -------
    float
        At least zero; infinite where the multipliers prove that nothing is admissible.
    """
    states, contrasts = program.states, program.contrasts
    multipliers = np.asarray(multipliers, dtype=np.float64)
    if multipliers.shape != (states + 2 + contrasts,):
        raise ValueError(f"{states + 2 + contrasts} multipliers are needed.")
    h, (nu, kappa), mix = np.split(
        np.where(np.isfinite(multipliers), multipliers, 0.0), [states, states + 2]
    )
    kappa = max(float(kappa), 0.0) if program.costs is not None else 0.0
    root = _mixed_scales(program, mix)
    usable = program.usable
    slack = _slack(program, h, float(nu), kappa)
    floor = np.where(usable, program.floor[:, None], 0.0)
    ratio = floor / (1.0 - floor.sum(axis=0))
    # Prices are positive, so raising nu makes any slack admissible.
    met = slack + (ratio * np.where(usable, slack, 0.0)).sum(axis=0)
    unit = program.prices + (ratio * program.prices).sum(axis=0)
    lift = max(0.0, float((-met / unit)[usable].max(initial=0.0)))
    nu = float(nu) + lift * (1 + 4 * EPSILON)
    room = np.where(usable, np.maximum(met + lift * unit, 0.0), 0.0)
    cap = np.full(room.shape, np.inf)
    coin = program.share * program.coin
    np.divide(root, coin, out=cap, where=coin > 0)
    cap = np.where(root > 0, cap, 0.0) ** 2
    slope = _slopes(
        room, ratio, cap, root, np.asarray(occupancy, dtype=np.float64).reshape(room.shape)
    )
    gain = float((root * np.sqrt(slope)).sum())
    paid = nu * (1.0 - program.share) + float((coin * slope).sum())
    if kappa > 0 and program.cost_limit is not None:
        paid += kappa * (program.cost_limit - float((coin * program.costs).sum()))
    if gain == 0.0:
        return np.inf if paid < 0 else 0.0
    return gain**2 / paid if paid > 0 else np.inf


def _mixed_scales(program: SamplingProgram, mix: Array) -> Array:
    """q, shape (A, S): the root of the contrasts' squared scales, weighted by lambda."""
    if program.criterion == "sum" or program.contrasts == 1:
        mix = np.ones(program.contrasts)
    else:
        mix = np.maximum(mix, 0.0)
        mix = mix / mix.sum() if mix.sum() > 0 else np.full(mix.size, 1.0 / mix.size)
    weights = np.sqrt(mix @ program.weights)
    return np.asarray(
        weights[:, None] * program.laws * np.sqrt(program.step_variances) * program.usable
    )


def _slack(program: SamplingProgram, h: Array, nu: float, kappa: float) -> Array:
    """s less what rounding may have added, shape (A, S).

    h - P h is summed over moves as P(x, y) (h(x) - h(y)): the error is that of the differences,
    and rows of P that sum to one only up to rounding do no harm.
    """
    slack = nu * program.prices
    if kappa > 0:
        slack = slack + kappa * program.costs
    size = np.abs(slack)
    for arm, kernel in enumerate(program.kernels):
        moves = kernel.copy()
        rows = np.repeat(np.arange(h.size), np.diff(kernel.indptr))
        moves.data = kernel.data * (h[rows] - h[kernel.indices])
        slack[arm] += moves.sum(axis=1)
        moves.data = np.abs(moves.data)
        size[arm] += moves.sum(axis=1)
    longest = max(int(np.diff(kernel.indptr).max(initial=0)) for kernel in program.kernels)
    return np.asarray(slack - (longest + 4) * EPSILON * size)


def _slopes(room: Array, ratio: Array, cap: Array, root: Array, occupancy: Array) -> Array:
    """a >= 0 with M'a <= `room`, near (q / occupancy)^2 and at most `cap`, shape (A, S)."""
    if not ratio.any():
        return np.minimum(room, cap)
    slope = np.zeros(room.shape)
    np.divide(root, occupancy, out=slope, where=occupancy > 0)
    slope = np.minimum(slope**2, np.minimum(room, cap))
    used = slope + (ratio * slope).sum(axis=0)
    share = np.ones(room.shape)
    np.divide(room, used, out=share, where=used > room)
    slope *= share.min(axis=0) * (1 - 4 * EPSILON)
    for arm in np.flatnonzero(root.any(axis=1)):
        # What is left in every row bounds how far this slope may still rise.
        spare = np.maximum(room - slope - (ratio * slope).sum(axis=0), 0.0)
        taken = np.broadcast_to(ratio[arm], room.shape).copy()
        taken[arm] += 1.0
        rise = np.full(room.shape, np.inf)
        np.divide(spare, taken, out=rise, where=taken > 0)
        rise = np.where(room > 0, rise, 0.0).min(axis=0) * (1 - 4 * EPSILON)
        slope[arm] = np.minimum(slope[arm] + rise, np.maximum(cap[arm], slope[arm]))
    return slope


def _shaped(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Array:
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise BadExperiment(f"The {name} have shape {array.shape}; they need shape {shape}.")
    if not np.isfinite(array).all():
        raise BadExperiment(f"The {name} hold a number that is not finite.")
    return array
