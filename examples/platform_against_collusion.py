"""Which rule keeps sellers who learn their prices from colluding, and what is it worth to buyers?

A marketplace with two sellers, who set prices by Q-learning (Calvano and others 2020) and end far
above competition. The marketplace sees their prices, and decides whom it shows and what fee it
takes. A rule is learned from a few seeds, and compared with no intervention and with showing the
cheapest alone, by buyers' surplus in fresh episodes.

Run: python examples/platform_against_collusion.py
"""

from __future__ import annotations

from pathlib import Path

import eqsolve as eq
from eqsolve import plotting
from eqsolve.commitment import compare_policies

TOLERANCE = 5e-4
SEEDS = 4


def run(
    folder: Path, seeds: int = SEEDS, steps: int = 2000, plays: int = 120
) -> tuple[list[float], list[float]]:
    """Benchmarks, rules, comparison, figure; returns competitive and monopoly prices."""
    market = eq.models.platform_pricing()
    benchmarks = market.benchmarks()
    print(benchmarks)
    pomdp = eq.StackelbergPOMDP(
        market, response=market.learners(plays), response_plays=plays, reward_plays=20
    )
    learned = [eq.train_leader(pomdp, seed=seed, steps=steps) for seed in range(seeds)]
    effect = compare_policies(pomdp, [each.policy for each in learned], market.rule("none"))
    print("learned rules against no intervention:", effect, sep="\n")
    assert effect.interval[0] > 0, "the interval must exclude zero"

    ax = plotting.axes()
    for each in learned:
        ax.plot(each.curve.steps, each.curve.iterates[:, 0, 0], color=plotting.COLOURS[0])
    ax.lines[0].set_label("learned rules")
    cheapest = pomdp.play(market.rule("cheapest"), seed=0, batch=256).rewards.mean()
    for name, surplus, style in (
        ("cheapest shown alone", cheapest, "-."),
        ("competition, everybody shown", benchmarks.surplus[0], "--"),
        ("no intervention", effect.baseline.mean(), "-"),
        ("monopoly", benchmarks.surplus[1], ":"),
    ):
        ax.axhline(surplus, color=plotting.GREY, linestyle=style, label=name)
    ax.set_xlabel("episodes")
    ax.set_ylabel("buyers' surplus")
    ax.legend(frameon=False, fontsize="small")
    plotting.save(ax, folder / "platform_against_collusion.png")
    prices = [float(benchmarks.competitive[0]), float(benchmarks.monopoly[0])]
    return prices, [1.473, 1.925]


if __name__ == "__main__":
    run(Path(), seeds=10, steps=8000, plays=500)
