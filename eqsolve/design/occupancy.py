"""Between policies and occupancies: where a run can go on for ever, and how to act there.

An occupancy gamma(l, x) is realised by p(l | x) = gamma(l, x) / sum_m gamma(m, x). Where a run
never comes, the policy is free: every allowed arm in turn, by coin. Where an arm is allowed but
leads out of the states that have to be observed, into states that are left for good, it may only
be used on the way in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from eqsolve.errors import BadExperiment
from eqsolve.markov import communicating_classes
from eqsolve.programs.sampling_support import end_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment
    from eqsolve.design.restrictions import Restrictions

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]


def needs(experiment: MarkovExperiment, weights: Array) -> Array:
    """Largest |w| pi sigma over the contrasts (A, S): positive where a pair must be observed."""
    largest = np.abs(weights).max(axis=0)[:, None]
    return np.asarray(largest * experiment.stationary * np.sqrt(experiment.step_variances))


def usable_arms(experiment: MarkovExperiment, need: Array, restrictions: Restrictions) -> Mask:
    """Arms that a run may use for ever in each state, while it observes what it must (A, S).

    Raises
    ------
    BadExperiment
        An arm is forbidden where its own mean needs it; what is needed cannot be kept being
        observed; or a state has no way to where it is observed.
    """
    allowed, names = restrictions.allowed, experiment.arm_names
    needed = need > 0
    refused = needed & ~allowed
    if refused.any():
        arm, state = np.argwhere(refused)[0]
        raise BadExperiment(
            f"Arm {names[arm]!r} is not allowed in state {experiment.state_name(state)}, where it "
            f"spends {experiment.stationary[arm, state]:.3g} of its own time: its long-run mean "
            f"cannot be estimated without it. Allow it there, or leave the arm out of the contrast."
        )
    forced = allowed & (restrictions.floor > 0)[:, None]
    usable, labels = end_components(experiment.transitions, allowed, forced)
    # Where nothing is needed any lasting set will do, such as where the first arm stays.
    anchor = need if needed.any() else experiment.stationary * allowed
    arm, state = np.unravel_index(int(anchor.argmax()), anchor.shape)
    usable = usable & (labels == labels[state])
    lost = needed & ~usable
    if lost.any():
        other, place = np.argwhere(lost)[0]
        raise BadExperiment(
            f"Arm {names[other]!r} must be observed in state {experiment.state_name(int(place))} "
            f"and arm {names[arm]!r} in state {experiment.state_name(int(state))}, but with the "
            f"arms that are allowed no run keeps coming back to both: allow more arms."
        )
    _refuse_cut_off(experiment, allowed, usable.any(axis=0))
    return np.asarray(usable)


def _refuse_cut_off(experiment: MarkovExperiment, allowed: Mask, inside: Mask) -> None:
    """From every state some allowed arms must lead to where the experiment takes place."""
    if inside.all():
        return
    coin = allowed / allowed.sum(axis=0)
    moves = experiment.chain(coin.T)
    # Inside, a run stays by choice: cut what leads out.
    moves = sparse.csr_array(sparse.diags_array((~inside).astype(float)) @ moves)
    for members in communicating_classes(moves).closed:
        if not inside[members].any():
            raise BadExperiment(
                f"From state {experiment.state_name(int(members[0]))} no allowed arm ever leads to "
                f"the states where the arms must be observed: allow an arm that does, or leave "
                f"the state out."
            )


def coin_flipping(allowed: Mask, usable: Mask, floor: Array | None = None) -> Array:
    """Policy (S, A) that draws among the arms at hand alike, above their floors if given.

    Where a run takes place these are the usable arms, elsewhere the allowed ones.

    Examples
    --------
    >>> both = np.array([[True], [True]])
    >>> coin_flipping(both, both).tolist(), coin_flipping(both, both, np.array([0.6, 0.0])).tolist()
    ([[0.5, 0.5]], [[0.8, 0.2]])
    """
    arms = np.where(usable.any(axis=0), usable, allowed)
    least = np.zeros(arms.shape) if floor is None else arms * floor[:, None]
    # A single arm at hand runs always, whatever its floor.
    least[:, arms.sum(axis=0) == 1] = 0.0
    spread = arms / arms.sum(axis=0)
    return np.asarray((least + (1.0 - least.sum(axis=0)) * spread).T)


def policy_of(occupancy: Array, elsewhere: Array) -> Array:
    """Policy (S, A) of an occupancy (A, S); `elsewhere` is the policy where it is zero.

    Examples
    --------
    >>> policy_of(np.array([[0.75, 0.0], [0.25, 0.0]]), np.full((2, 2), 0.5)).tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """
    visits = occupancy.sum(axis=0)
    policy = elsewhere.copy()
    seen = visits > 0
    policy[seen] = (occupancy[:, seen] / visits[seen]).T
    # Masses near the smallest double lose digits in the quotient.
    return np.asarray(policy / policy.sum(axis=1, keepdims=True))


def without_traces(occupancy: Array, needed: Mask, trace: float) -> Array:
    """The occupancy without what an interior point leaves of pairs that serve nothing.

    Where sigma2 is zero an optimum may use an arm, or visit a state, not at all, but an interior
    point stops a little above zero. A pair that is not needed is dropped where its arm has a
    probability below `trace`, or its state, needed by no arm, a share of the run below `trace`.

    Examples
    --------
    >>> needed = np.array([[True, False], [True, False]])
    >>> without_traces(np.array([[0.4, 1e-9], [0.6, 1e-9]]), needed, 1e-6).tolist()
    [[0.4, 0.0], [0.6, 0.0]]
    """
    visits = occupancy.sum(axis=0)
    rare = occupancy <= trace * visits
    idle = (visits <= trace) & ~needed.any(axis=0)
    return np.asarray(np.where(~needed & (rare | idle), 0.0, occupancy))


def used_states(kernel: Any) -> NDArray[np.int_]:
    """The states of the one closed class of a chain: those a run keeps coming back to."""
    return np.asarray(communicating_classes(kernel).closed[0])
