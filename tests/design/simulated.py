"""Runs by the plainest simulation there is, all replications in step: independent of eqsolve's own."""

import bisect

import numpy as np


def instance_a():
    """Transitions (2, 3, 3) and rewards (2, 3) of instance A; reward variances are one."""
    transitions = np.array(
        [
            [[0.5, 0.5, 0.0], [0.1, 0.4, 0.5], [0.0, 0.2, 0.8]],
            [[0.8, 0.2, 0.0], [0.5, 0.4, 0.1], [0.0, 0.5, 0.5]],
        ]
    )
    return transitions, np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]])


EFFECT_A = -36 / 37


def random_pair(rng, states=4, arms=2):
    """Transitions, rewards by next state, standard deviations, and a policy that tries all."""
    transitions = rng.dirichlet(np.ones(states), (arms, states))
    rewards = rng.normal(size=(arms, states, states))
    policy = 0.3 / arms + 0.7 * rng.dirichlet(np.ones(arms), states)
    return transitions, rewards, rng.random((arms, states)), policy


def counted(transitions, rewards, deviations, policy, steps, replications, rng, looks=None):
    """Counts, reward sums and squares (replications, arms, states, states) at each look."""
    by_next = np.broadcast_to(
        rewards if rewards.ndim == 3 else rewards[:, :, None], transitions.shape
    )
    arm_limits, state_limits = np.cumsum(policy, axis=1), np.cumsum(transitions, axis=2)
    cells = np.zeros((3, replications, *transitions.shape))
    rows, x = np.arange(replications), np.zeros(replications, dtype=int)
    looks = {steps} if looks is None else set(looks)
    for step in range(1, steps + 1):
        arm = (rng.random(replications)[:, None] > arm_limits[x][:, :-1]).sum(axis=1)
        y = (rng.random(replications)[:, None] > state_limits[arm, x][:, :-1]).sum(axis=1)
        reward = by_next[arm, x, y] + deviations[arm, x] * rng.normal(size=replications)
        place = (rows, arm, x, y)
        for cell, value in zip(cells, (1.0, reward, reward**2), strict=True):
            cell[place] += value
        x = y
        if step in looks:
            yield step, *cells


def one_run(transitions, rewards, deviations, policy, steps, rng, start=0):
    """Arms, states, rewards and next states of one run."""
    arm_limits = np.cumsum(policy, axis=1)[:, :-1].tolist()
    state_limits = np.cumsum(transitions, axis=2)[:, :, :-1].tolist()
    chances, x = rng.random((steps, 2)).tolist(), start
    path = np.zeros((3, steps), dtype=int)
    for step, (first, second) in enumerate(chances):
        arm = bisect.bisect_right(arm_limits[x], first)
        y = bisect.bisect_right(state_limits[arm][x], second)
        path[:, step] = arm, x, y
        x = y
    arm, state, after = path
    mean = rewards[arm, state] if rewards.ndim == 2 else rewards[arm, state, after]
    return arm, state, mean + deviations[arm, state] * rng.normal(size=steps), after
