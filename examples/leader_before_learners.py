"""What should a leader commit to before followers who learn, and is it found by learning?

Maintain (Brero and others 2022): with any fixed action the leader gets 20 at most. Mixing a
quarter and three quarters it gets 27.5, on the edge of losing its follower. Learned by playing,
and compared with the optimum. Then an item is given out on a follower's word, in two messages.

Run: python examples/leader_before_learners.py
"""

from __future__ import annotations

from pathlib import Path

import eqsolve as eq
from eqsolve.commitment import MultiplicativeWeights
from eqsolve.plotting import save

TOLERANCE = 0.01


def run(folder: Path) -> tuple[list[float], list[float]]:
    """Optimum, learning, verdict, figure; returns what was learned and what is published."""
    followers = MultiplicativeWeights(epsilon=0.1, unit=30.0, final="argmax", feedback="expected")
    pomdp = eq.StackelbergPOMDP(
        eq.models.load("maintain"), response=followers, response_plays=33, mixed=True
    )
    best = eq.optimal_commitment(pomdp)
    learned = eq.train_leader(pomdp, seed=0)
    print(learned)
    print(eq.validate(learned.curve, best))
    save(learned.plot(best), folder / "leader_before_learners.png")

    words = eq.StackelbergPOMDP(
        eq.models.simple_allocation(types=3, messages=2),
        response=MultiplicativeWeights(final="argmax", feedback="expected"),
        response_plays=33,
    )
    told = eq.train_leader(words, seed=0, steps=5000)
    print(told.policy)
    return [best.value, learned.value, told.value], [27.5, 27.5, 2 / 3]


if __name__ == "__main__":
    run(Path())
