"""The Stackelberg POMDP (Brero and others 2022): optima computed, and reached by learning.

Every published setting with its followers: the optimum with its proof, and what the default
learner reaches from how many seeds; then what is lost without the response phase, what a critic
that sees everything gains, how near followers who learn come to coarse correlated play, and a
rule against sellers who learn to collude.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from eqsolve import models, plotting
from eqsolve._train_leader import train_leader
from eqsolve.commitment import (
    ActorCritic,
    MultiplicativeWeights,
    StackelbergPOMDP,
    coarse_correlated_path,
    compare_policies,
    from_bayesian,
)
from eqsolve.commitment.optimum import CommitmentOptimum
from eqsolve.commitment.trained import TrainedLeader
from eqsolve.games import BayesianGame
from eqsolve.report._figures import canvas
from eqsolve.report._pomdp_settings import ALL, NARROW, LeaderSetting
from eqsolve.results import Table, format_number

Array = NDArray[np.float64]
Say = Callable[[Any], None]

SEEDS = 10
STEPS = 20_000  # episodes, the default
SETTINGS: Sequence[LeaderSetting] = ALL
CRITICS = ("Prices, asymmetric, 2 messages, drawn", "Prices, n = 3, 2 messages", "Matrix design")
ONE = ActorCritic(starts=1, batch=256)
GAP_PLAYS = (10, 30, 100, 300, 1000, 3000)
SELLING, SOLD, PRICED = 500, 20, 8_000  # plays of sellers, plays that are paid, episodes
LAW = ((0.4, 0.1), (0.1, 0.4))  # of two followers' types


def run(folder: Path, say: Say, seeds: int | None = None) -> list[Path]:
    """Reproduce the system into `folder`, from so many seeds; returns the figures drawn."""
    count = SEEDS if seeds is None else seeds
    say(_followers())
    trials = [_trials(setting, count) for setting in SETTINGS]
    say(_reached(trials))
    curves = _draw_curves(trials, folder / "pomdp_curves.png")
    say(_hidden(count))
    say(_critics(count))
    table, gap = _gap(folder / "pomdp_gap.png")
    say(table)
    if count > 1:  # an interval over seeds needs two
        say(_sellers(count))
    return [curves, gap]


@dataclass(frozen=True, eq=False)
class Trials:
    """A setting learned from several seeds."""

    setting: LeaderSetting
    optimum: CommitmentOptimum
    aims: tuple[float, float]
    runs: tuple[TrainedLeader, ...]
    seconds: tuple[float, ...]

    @property
    def values(self) -> Array:
        """Of the policies learned, (seeds,)."""
        return np.array([one.value for one in self.runs])

    @property
    def reached(self) -> int:
        """Seeds from which 99 % were reached."""
        return int((self.values >= self.aims[0] - 1e-12).sum())

    @property
    def episodes(self) -> Array:
        """Until the learned policy was first worth 99.5 %, (seeds,)."""
        return np.array([one.episodes_to(self.aims[1]) for one in self.runs])


def _trials(
    setting: LeaderSetting,
    seeds: int,
    learner: Any = "actor-critic",
    stops: bool = False,
    **options: Any,
) -> Trials:
    """Learn from so many seeds; `stops` at 99.5 %, and options are those of the POMDP."""
    optimum = setting.optimum()
    pomdp, aims = setting.pomdp(**options), setting.aims(optimum)
    until = aims[1] if stops else None
    runs, seconds = [], []
    for seed in range(seeds):
        begun = time.process_time()
        runs.append(train_leader(pomdp, seed=seed, steps=STEPS, learner=learner, until=until))
        seconds.append(time.process_time() - begun)
    return Trials(setting, optimum, aims, tuple(runs), tuple(seconds))


def _followers() -> Table:
    """Who follows in each setting, since the answer depends on it."""
    rows = [
        (one.name, "a mix" if one.mixed else "actions", one.followers, one.plays)
        for one in SETTINGS
    ]
    headers = ("setting", "leader commits to", "followers", "response plays")
    return Table(headers, tuple(rows), title="Settings")


def _reached(trials: Sequence[Trials]) -> Table:
    """Optimum, what was reached, in how many episodes and seconds."""
    rows = []
    for one in trials:
        share = one.episodes / np.array([run.episodes for run in one.runs])
        seconds = np.median(np.where(np.isfinite(share), share, np.inf) * np.array(one.seconds))
        rows.append(
            (one.setting.name, one.setting.published, one.optimum.value, one.optimum.bound,
             one.optimum.method, float(np.median(one.values)), float(one.values.min()),
             f"{one.reached} of {len(one.runs)}", float(np.median(one.episodes)), float(seconds),
             float(np.median(one.seconds)))
        )  # fmt: skip
    headers = (
        "setting", "published", "optimum", "bound", "found by", "learned, median", "least",
        "seeds at 99 %", "episodes", "seconds", "seconds in all",
    )  # fmt: skip
    notes = (
        "99 %: of an optimum above zero; else of the way to it from what commitments drawn evenly",
        f"earn. Episodes and processor seconds, medians: until 99.5 %; in all: {STEPS} episodes.",
    )
    return Table(headers, tuple(rows), title="Optima, and what was learned", notes=notes)


def _interval(values: Array) -> str:
    """Mean with its 95 % interval by Student's t."""
    mean, count = values.mean(), values.size
    if count < 2:
        return format_number(mean)
    half = stats.t.ppf(0.975, count - 1) * values.std(ddof=1) / np.sqrt(count)
    return f"{mean:.4g} [{mean - half:.4g}, {mean + half:.4g}]"


def _hidden(seeds: int) -> Table:
    """What a leader learns who does not see the response phase.

    From one start: of several it could choose the luckiest by what it is paid.
    """
    rows = []
    for setting in (NARROW, *(one for one in SETTINGS if one.name == "Matrix design")):
        for hidden in (False, True):
            one = _trials(setting, seeds, ONE, hide_response=hidden)
            rows.append(
                (setting.name, "hidden" if hidden else "seen", one.optimum.value,
                 _interval(one.values), f"{one.reached} of {seeds}", setting.ignorant())
            )  # fmt: skip
    headers = (
        "setting", "response phase", "optimum", "learned, mean and 95 % interval",
        "seeds at 99 %", "commitments drawn evenly",
    )  # fmt: skip
    return Table(headers, tuple(rows), title="Without the response phase, from one start")


def _critics(seeds: int) -> Table:
    """Episodes with a critic that sees everything, and with one that sees what the leader sees."""
    rows = []
    for setting in (one for one in SETTINGS if one.name in CRITICS):
        for critic in ("full", "none"):
            one = _trials(setting, seeds, stops=True, critic=critic)
            there = np.isfinite(one.episodes)
            finite = np.where(there, one.episodes, STEPS)
            rows.append(
                (setting.name, critic, f"{there.sum()} of {seeds}", float(np.median(finite)),
                 _interval(finite))
            )  # fmt: skip
    headers = (
        "setting", "critic", "seeds at 99.5 %", "episodes, median",
        "episodes, mean and 95 % interval",
    )  # fmt: skip
    return Table(headers, tuple(rows), title="What the critic sees, as measured")


def _draw_curves(trials: Sequence[Trials], path: Path) -> Path:
    """One panel a setting, one line a seed; the optimum dashed, commitments drawn evenly dotted."""
    columns = 4
    _, grid = canvas(11.0, 2.2 * -(-len(trials) // columns), -(-len(trials) // columns), columns)
    for ax in grid.ravel()[len(trials) :]:
        ax.set_visible(False)
    for ax, one in zip(grid.ravel(), trials, strict=False):
        for run in one.runs:
            ax.plot(
                run.curve.steps, run.curve.iterates[:, 0, 0],
                color=plotting.COLOURS[0], alpha=0.5, linewidth=0.9, drawstyle="steps-post",
            )  # fmt: skip
        low, best = one.setting.ignorant(), one.optimum.target
        ax.axhline(best, color=plotting.GREY, linestyle="--", linewidth=1)
        ax.axhline(low, color=plotting.GREY, linestyle=":", linewidth=1)
        low = min(low, *(run.curve.iterates.min() for run in one.runs))
        room = 0.08 * max(
            best - low, 0.1 * abs(best), 1e-6
        )  # all commitments may be worth the same
        ax.set_ylim(low - room, best + room)
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter("")
        ax.set_title(one.setting.name, loc="left", fontsize=8)
        ax.tick_params(labelsize=7)
    for ax in grid[-1]:
        ax.set_xlabel("episodes", fontsize=8)
    for ax in grid[:, 0]:
        ax.set_ylabel("leader's value", fontsize=8)
    return Path(plotting.save(grid[0, 0], path))


def _gap(path: Path) -> tuple[Table, Path]:
    """Average joint play of followers with correlated types, and its proven bound."""
    payoffs = np.random.default_rng(0).random((3, 1, 2, 2, 3, 2, 2))
    game = from_bayesian(BayesianGame(np.array(LAW)[None], payoffs, title="Correlated types"))
    learners = MultiplicativeWeights(epsilon=0.05, final="average_joint")
    found = coarse_correlated_path(
        game, np.array([0]), learners, GAP_PLAYS, replications=50, seed=0
    )
    ax = found.plot(plotting.axes())
    ax.set_title("Learners with correlated types", loc="left", fontsize=10)
    return found.table(), Path(plotting.save(ax, path))


def _sellers(seeds: int) -> Table:
    """Buyers' surplus under rules that were learned before sellers who learn their prices."""
    market = models.platform_pricing()
    pomdp = StackelbergPOMDP(
        market, response=market.learners(SELLING), response_plays=SELLING, reward_plays=SOLD
    )
    begun = time.process_time()
    learned = [train_leader(pomdp, seed=seed, steps=PRICED).policy for seed in range(seeds)]
    seconds = time.process_time() - begun
    against = {
        name: compare_policies(pomdp, learned, market.rule(name)) for name in ("none", "cheapest")
    }
    competitive, monopoly = market.benchmarks().surplus
    rows = [
        ("competition, everybody shown", competitive, ""),
        ("monopoly", monopoly, ""),
        ("no intervention", float(against["none"].baseline.mean()), ""),
        ("cheapest shown alone", float(against["cheapest"].baseline.mean()), ""),
        ("learned rules", float(against["none"].values.mean()), ""),
        (
            "learned less no intervention",
            against["none"].mean,
            _interval(against["none"].differences),
        ),
        (
            "learned less cheapest",
            against["cheapest"].mean,
            _interval(against["cheapest"].differences),
        ),
    ]
    notes = (
        f"Sellers learn by Q-learning with memory 1 over {SELLING} plays; {seeds} rules, each from",
        f"{PRICED} episodes, {seconds:.0f} processor seconds in all; judged in fresh episodes.",
    )
    headers = ("rule", "buyers' surplus", "mean and 95 % interval")
    return Table(headers, tuple(rows), title="Platform pricing", notes=notes)
