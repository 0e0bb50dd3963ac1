"""A small ride-hailing market under two dispatch rules.

Drivers are idle, on a near job (the rider was close by) or on a far one (a long drive to the
rider comes first); riders who cannot be served wait, and give up now and then. In each short
step at most one thing happens:

    with probability                  event
    requests                          a rider asks for a ride
    near_end x drivers on near jobs   one of them sets the rider down, is paid, and is idle
    far_end x drivers on far jobs     likewise
    impatience x waiting riders       one of them gives up
    look                              if drivers are idle while riders wait, the dispatcher
                                      looks again at the rider who waits longest

Each idle driver is near a given rider with probability `near`, independently, so that one of i
is with h(i) = 1 - (1 - near)^i. What is done with a rider who asks, or is looked at again:

    rule        a near driver    no near driver, some idle        none idle
    nearest     near job         far job                          waits
    patient     near job         waits (far job if no room)       waits

A rider who should wait while `room` others do is lost. So far jobs of `nearest` leave few
drivers to the steps that follow, and `patient` leaves riders waiting: each rule meets the state
that the other has made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy import sparse

from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment

State = tuple[int, int, int]


def ride_hailing_pair(
    drivers: int = 4,
    room: int = 3,
    requests: float = 0.2,
    near: float = 0.4,
    near_end: float = 0.08,
    far_end: float = 0.03,
    impatience: float = 0.02,
    look: float = 0.2,
    fare: float = 1.0,
    waiting_cost: float = 0.01,
) -> MarkovExperiment:
    """Dispatch the nearest driver at once, or let riders wait for one who is near.

    Parameters
    ----------
    drivers, room : int
        Drivers in all, and riders who may wait; one or more of each.
    requests, near_end, far_end, impatience, look : float
        Probabilities a step (the third and fourth a driver, the fifth a rider) as in the module's
        table; together at most one in the busiest state.
    near : float
        Probability that a given idle driver is near a given rider.
    fare : float
        Paid when a ride ends.
    waiting_cost : float
        Cost of each waiting rider, each step.

    Returns
    -------
    MarkovExperiment
        States (idle drivers, drivers on near jobs, waiting riders); the other drivers are on far
        jobs. Arms ``nearest`` and ``patient``. The reward of a step is known once the next state
        is: the fare where a driver has become idle, less the cost of those who wait.

    Raises
    ------
    BadExperiment
        When the probabilities of a step can exceed one, or an argument is out of range.

    References
    ----------
    Castillo, Knoepfle and Weyl (2017), "Surge pricing solves the wild goose chase", on far
    drivers; Johari, Li, Liskovich and Weintraub (2022), "Experimental design in two-sided
    platforms", on interference between rules.

    Examples
    --------
    >>> market = ride_hailing_pair(drivers=2, room=1)
    >>> market.states, market.arm_names
    (12, ('nearest', 'patient'))
    """
    chances = {
        "requests": requests, "near": near, "near_end": near_end, "far_end": far_end,
        "impatience": impatience, "look": look,
    }  # fmt: skip
    _check(drivers, room, chances)
    states = [
        (idle, close, waiting)
        for idle in range(drivers + 1)
        for close in range(drivers + 1 - idle)
        for waiting in range(room + 1)
    ]
    rules = [_rule(states, drivers, room, patient, chances) for patient in (False, True)]
    rewards = [_rewards(kernel, states, fare, waiting_cost) for kernel in rules]
    return MarkovExperiment(
        rules, rewards, 0.0, arm_names=("nearest", "patient"), state_names=states
    )


def _check(drivers: int, room: int, chances: Mapping[str, float]) -> None:
    if drivers < 1 or room < 1:
        raise BadExperiment(
            f"ride_hailing_pair: drivers and room must be one or more, not {drivers} and {room}."
        )
    for name, chance in chances.items():
        if not 0 < chance < 1:
            raise BadExperiment(
                f"ride_hailing_pair: {name} must lie between 0 and 1, not {chance}."
            )
    ends = drivers * max(chances["near_end"], chances["far_end"])
    busiest = chances["requests"] + ends + room * chances["impatience"] + chances["look"]
    if busiest > 1 + 1e-12:
        raise BadExperiment(
            f"ride_hailing_pair: at most one thing happens in a step, but the probabilities of the "
            f"busiest state can reach {busiest:g}; take shorter steps (divide all but near)."
        )


def _rule(
    states: list[State], drivers: int, room: int, patient: bool, chances: Mapping[str, float]
) -> sparse.csr_array:
    """Transitions under one dispatch rule (S, S)."""
    place = {state: row for row, state in enumerate(states)}
    kernel = sparse.lil_array((len(states), len(states)))
    for row, state in enumerate(states):
        stay = 1.0
        for after, chance in _events(state, drivers, room, patient, chances):
            if chance > 0:
                kernel[row, place[after]] = chance
                stay -= chance
        kernel[row, row] = max(stay, 0.0)
    return sparse.csr_array(kernel)


def _events(
    state: State, drivers: int, room: int, patient: bool, chances: Mapping[str, float]
) -> Iterator[tuple[State, float]]:
    """What may change the state in a step, each to another next state."""
    idle, close, waiting = state
    far = drivers - idle - close
    found = 1 - (1 - chances["near"]) ** idle
    asked, looked = chances["requests"], chances["look"] * (idle > 0 and waiting > 0)
    yield (idle - 1, close + 1, waiting), asked * found
    yield (idle - 1, close + 1, waiting - 1), looked * found
    full = waiting == room
    if idle and (full or not patient):
        yield (idle - 1, close, waiting), asked * (1 - found)
    elif not full:
        yield (idle, close, waiting + 1), asked * (1 - found)
    if not patient:
        yield (idle - 1, close, waiting - 1), looked * (1 - found)
    yield (idle + 1, close - 1, waiting), close * chances["near_end"]
    yield (idle + 1, close, waiting), far * chances["far_end"]
    yield (idle, close, waiting - 1), waiting * chances["impatience"]


def _rewards(
    kernel: sparse.csr_array, states: list[State], fare: float, waiting_cost: float
) -> sparse.csr_array:
    """Fares of rides that ended less the cost of those who wait, for each possible step (S, S)."""
    idle, _, waiting = np.array(states).T
    rows = np.repeat(np.arange(len(states)), np.diff(kernel.indptr))
    ended = idle[kernel.indices] > idle[rows]
    earned = fare * ended - waiting_cost * waiting[rows]
    return sparse.csr_array((earned, kernel.indices, kernel.indptr), shape=kernel.shape)
