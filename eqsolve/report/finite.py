"""Finite games: commitment, the sets that learners approach, and how near they come.

Known values of commitment (Brero and others 2022; Conitzer and Sandholm 2006) solved and
certified; worst and best welfare over correlated and coarse correlated equilibria with learned
play among them; regret under its bounds on random games; which equilibrium learners select.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve import models, plotting
from eqsolve._find_equilibria import find_equilibria
from eqsolve._simulate import simulate
from eqsolve._solve import solve
from eqsolve._validate import validate
from eqsolve.concepts import CoarseCorrelated, Correlated, Stackelberg
from eqsolve.dynamics import (
    MultiplicativeWeights,
    PredictiveRegretMatchingPlus,
    RegretMatching,
    RegretMatchingPlus,
)
from eqsolve.games import GameBatch
from eqsolve.results import Table

Array = NDArray[np.float64]
Say = Callable[[Any], None]

GAMES, ROUNDS = 64, 1000  # random games, and rounds of play on each
STARTS = 200  # random first strategies whose ends are compared
LEARNERS = (
    MultiplicativeWeights(),
    RegretMatching(),
    RegretMatchingPlus(),
    PredictiveRegretMatchingPlus(),
)
SELECTING = ("battle_of_the_sexes", "chicken", "stag_hunt", "escape", "maintain")


def run(folder: Path, say: Say) -> list[Path]:
    """Reproduce the system into `folder`; returns the figures drawn."""
    say(_commitments())
    table, bands = _bands(folder / "finite_bands.png")
    say(table)
    table, regret, gap = _regret(folder / "finite_regret.png", folder / "finite_gap.png")
    say(table)
    table, selection = _selection(folder / "finite_selection.png")
    say(table)
    return [bands, regret, gap, selection]


def _commitments() -> Table:
    """Every known value of commitment, solved with its proof."""
    rows = []
    for name in models.instances("finite"):
        known = models.published(name)
        if not known.commitment:
            continue
        game = models.load(name)
        leader = game.player_names[game.player(known.leader)]
        paid, apart, open_, gains = {}, [0.0], [0.0], [0.0]
        for kind, value in known.commitment.items():
            found = solve(game, Stackelberg(known.leader, commitment=kind))
            paid[kind] = found.payoffs[leader]
            apart.append(abs(found.payoffs[leader] - value))
            open_.append(found.certificate.gains[leader])
            gains += [gain for who, gain in found.certificate.gains.items() if who != leader]
        values = [paid.get(kind) for kind in ("pure", "mixed", "correlated")]
        rows.append((name, known.status, *values, max(apart), max(open_), max(gains)))
    headers = (
        "game", "answer", "pure", "mixed", "correlated", "off the known value",
        "below the proven bound", "followers' gain",
    )  # fmt: skip
    return Table(headers, tuple(rows), title="What a leader gets by committing")


def _bands(path: Path) -> tuple[Table, Path]:
    """Worst and best welfare over both sets, and what regret matching gets."""
    rows = []
    for name in models.instances("finite"):
        known = models.published(name)
        if not known.welfare:
            continue
        game = models.load(name)
        ends = [
            solve(game, kind("welfare", sense)).value
            for kind in (Correlated, CoarseCorrelated)
            for sense in ("min", "max")
        ]
        learner = RegretMatching(feedback="sampled")
        play: Any = simulate(game, learner, steps=ROUNDS, replications=20, seed=0)
        welfare = play.social_welfare()[-1].mean()
        gap = float(play.coarse_correlated_gap()[-1].max())
        rows.append((name, *ends[2:], *ends[:2], welfare, gap))
    headers = (
        "game", "worst coarse", "best coarse", "worst correlated", "best correlated",
        "regret matching gets", "its largest gap",
    )  # fmt: skip
    title = f"Welfare over the equilibria, and of regret matching after {ROUNDS} rounds"
    return Table(headers, tuple(rows), title=title), _draw_bands(rows, path)


def _draw_bands(rows: list[tuple[Any, ...]], path: Path) -> Path:
    """One line a game, all on the scale from its smallest to its largest sum of payoffs."""
    ax = plotting.axes(size=(6.4, 4.6))
    for place, (name, *values, _gap) in enumerate(rows):
        total = models.load(name).payoffs.sum(axis=0)
        low, width = float(total.min()), float(np.ptp(total)) or 1.0
        coarse_low, coarse_high, low_end, high_end, welfare = (np.array(values) - low) / width
        label = place == 0
        ax.plot(
            [coarse_low, coarse_high], [place, place], color=plotting.COLOURS[5], linewidth=7,
            solid_capstyle="butt", label="coarse correlated" if label else None,
        )  # fmt: skip
        ax.plot(
            [low_end, high_end], [place, place], color=plotting.COLOURS[0], linewidth=2.5,
            solid_capstyle="butt", label="correlated" if label else None,
        )  # fmt: skip
        for end in {coarse_low, coarse_high, low_end, high_end}:
            ax.plot([end], [place], "|", color=plotting.COLOURS[0], markersize=9)
        ax.plot(
            [welfare], [place], "o", color=plotting.COLOURS[1],
            label="regret matching" if label else None,
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), [row[0] for row in rows])
    ax.invert_yaxis()
    ax.set_xlabel("sum of payoffs, from its smallest (0) to its largest (1) in the game")
    ax.set_title("Welfare over the equilibria, and learned", loc="left")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Path(plotting.save(ax, path))


def _regret(regret_path: Path, gap_path: Path) -> tuple[Table, Path, Path]:
    """Regret against its bounds, and the gap to the coarse correlated set, learner by learner."""
    batch: Any = GameBatch(np.random.default_rng(5).random((GAMES, 2, 4, 4)))
    rows = []
    regret_ax, gap_ax = plotting.axes(), plotting.axes()
    first = None
    for place, learner in enumerate(LEARNERS):
        name = type(learner).__name__
        play: Any = simulate(batch, learner, steps=ROUNDS)
        rounds = play.steps[1:]
        shares = play.relative_regrets()[1:].reshape(rounds.size, -1)
        known = np.sqrt(np.log(4) / (2 * rounds))
        proven = np.asarray(play.regret_bound())[1:].max(axis=-1)
        worst = shares.max(axis=1)
        gaps = play.coarse_correlated_gap()[1:]
        first = float(gaps[-1].mean()) if first is None else first
        rows.append(
            (name, float((worst / known).max()), float((worst / proven).max()),
             float(gaps[-1].mean()), first / float(gaps[-1].mean()))
        )  # fmt: skip
        colour = plotting.colour(place)
        regret_ax.loglog(rounds, np.maximum(worst, 1e-12), color=colour, label=name)
        regret_ax.loglog(rounds, proven, color=colour, linestyle=":", linewidth=1)
        gap_ax.loglog(rounds, gaps.mean(axis=1), color=colour, label=name)
    regret_ax.loglog(rounds, known, color=plotting.GREY, linestyle="--", label="sqrt(ln n / 2T)")
    _finish(
        regret_ax, "largest average regret, share of payoff spread",
        f"Largest regret on {GAMES} random 4 x 4 games, and proven bounds (dotted)",
    )  # fmt: skip
    _finish(
        gap_ax, "largest gain from deviating, mean of games",
        "Average joint play and the coarse correlated equilibria",
    )  # fmt: skip
    headers = (
        "learner", "regret / sqrt(ln n / 2T), largest", "regret / proven bound, largest",
        f"gap after {ROUNDS} rounds", "times nearer than weights",
    )  # fmt: skip
    title = f"Learners on {GAMES} random 4 x 4 games"
    table = Table(headers, tuple(rows), title=title)
    saved = [
        Path(plotting.save(ax, path)) for ax, path in ((regret_ax, regret_path), (gap_ax, gap_path))
    ]
    return table, saved[0], saved[1]


def _finish(ax: Any, what: str, title: str) -> None:
    ax.set_xlabel("round")
    ax.set_ylabel(what)
    ax.set_title(title, loc="left", fontsize=10)
    ax.legend(frameon=False, fontsize=8)


def _selection(path: Path) -> tuple[Table, Path]:
    """Which Nash equilibrium average play ends near, from random first strategies."""
    rows = []
    figure = None
    for name in SELECTING:
        game = models.load(name)
        found = find_equilibria(game)
        draw = np.random.default_rng(1)
        start = np.concatenate(
            [draw.dirichlet(np.ones(size), size=STARTS) for size in game.actions], axis=1
        )
        play: Any = simulate(
            game, MultiplicativeWeights(), start=start, steps=ROUNDS, replications=STARTS
        )
        report: Any = validate(play, list(found))
        for place, one in enumerate(found):
            nearest = report.selected == place
            mixes = ", ".join(
                "(" + ", ".join(f"{p:.3g}" for p in mix) + ")" for mix in one.strategies.values()
            )
            far = float(report.distances[nearest, place].max()) if nearest.any() else None
            welfare = float(sum(one.payoffs.values()))
            rows.append((name, mixes, welfare, float(nearest.mean()), far))
        if name == "stag_hunt":
            figure = _draw_selection(game, play, report, found, path)
    headers = (
        "game", "Nash equilibrium", "welfare", "share of runs ending nearest", "farthest of those",
    )  # fmt: skip
    title = f"What multiplicative weights select from {STARTS} random starts"
    assert figure is not None
    return Table(headers, tuple(rows), title=title), figure


def _draw_selection(game: Any, play: Any, report: Any, found: Any, path: Path) -> Path:
    """Mixes over rounds in the unit square, coloured by the equilibrium reached."""
    ax = plotting.axes(size=(4.6, 4.4))
    for run in range(min(60, STARTS)):
        x, y = play.iterates[:, run, 0], play.iterates[:, run, game.actions[0]]
        colour = plotting.colour(int(report.selected[run]))
        ax.plot(x, y, color=colour, linewidth=0.8, alpha=0.6)
        ax.plot(x[:1], y[:1], ".", color=colour, markersize=4)
    for place, one in enumerate(found):
        mixes = one.vector[[0, game.actions[0]]]
        ax.plot(*mixes, "o", color=plotting.colour(place), markersize=9, markeredgecolor="black",
                clip_on=False, zorder=3)  # fmt: skip
    first, second = (str(names[0]) for names in game.action_names)
    ax.set_xlabel(f"probability of {first}, player {game.player_names[0]}")
    ax.set_ylabel(f"probability of {second}, player {game.player_names[1]}")
    ax.set_title("Stag hunt: where multiplicative weights end", loc="left", fontsize=10)
    return Path(plotting.save(ax, path))
