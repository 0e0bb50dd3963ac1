"""Logs made by the plainest means, and counted by a loop: independent of the queries."""

import collections

import numpy as np
import pandas as pd


def made(steps=400, runs=3, seed=0, states=4):
    """Several runs, one after the other, as a frame with every column a log may have."""
    rng = np.random.default_rng(seed)
    transitions = rng.dirichlet(np.ones(states), (2, states))
    parts = []
    for run in range(runs):
        state = [int(rng.integers(states))]
        arm = rng.integers(0, 2, steps)
        for chosen in arm:
            state.append(int(rng.choice(states, p=transitions[chosen, state[-1]])))
        reward = np.array(state[:-1]) + arm + rng.normal(size=steps)
        parts.append(
            pd.DataFrame(
                {
                    "city": f"city {run}",
                    "minute": np.arange(steps) * 3 + run,
                    "queue": state[:-1],
                    "rule": np.array(["old", "new"])[arm],
                    "profit": reward,
                    "after": state[1:],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def by_hand(frame, state, arm, reward, next_state=None, run=None):
    """Label triples to (steps, sum of rewards, sum of squares), rows in their order."""
    state = [state] if isinstance(state, str) else state
    next_state = [next_state] if isinstance(next_state, str) else next_state
    cells = collections.defaultdict(lambda: np.zeros(3))
    groups = [frame] if run is None else [part for _, part in frame.groupby(run, sort=False)]
    for part in groups:
        rows = part.to_dict("records")
        for place, row in enumerate(rows):
            if next_state is not None:
                after = tuple(row[name] for name in next_state)
            elif place + 1 < len(rows):
                after = tuple(rows[place + 1][name] for name in state)
            else:
                continue
            key = row[arm], tuple(row[name] for name in state), after
            cells[key] += (1, row[reward], row[reward] ** 2)
    return dict(cells)


def as_cells(log):
    """The same from a TransitionLog."""
    counts = log.counts

    def label(code):
        name = log.states[code]
        return name if isinstance(name, tuple) else (name,)

    return {
        (log.arms[arm], label(state), label(after)): np.array([count, total, squares])
        for arm, state, after, count, total, squares in zip(
            counts.arm,
            counts.state,
            counts.next_state,
            counts.count,
            counts.reward_sum,
            counts.reward_squares,
            strict=True,
        )
    }


def assert_same(found, wanted):
    assert set(found) == set(wanted)
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-10, atol=1e-9)


def assert_same_log(log, other):
    """States, arms and counts are the same; sums up to the order in which they were added."""
    assert (log.states, log.arms) == (other.states, other.arms)
    for name in ("arm", "state", "next_state", "count"):
        np.testing.assert_array_equal(getattr(log.counts, name), getattr(other.counts, name))
    for name in ("reward_sum", "reward_squares"):
        mine, theirs = getattr(log.counts, name), getattr(other.counts, name)
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12)
