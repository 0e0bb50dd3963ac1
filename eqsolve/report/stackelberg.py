"""Learning in Stackelberg games (Fiez, Chasnov and Ratliff 2020).

Known commitments solved and certified; the critical points of the polynomial game and who is
drawn to them; learning a covariance matrix with and without the order of play; the noisy
duopoly; predicted against measured rates.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve import models, plotting
from eqsolve._classify import critical_points
from eqsolve._simulate import simulate
from eqsolve._solve import solve
from eqsolve._validate import validate
from eqsolve.dynamics import StackelbergGradient, TimescaleGradient, Trajectory
from eqsolve.results import Table, format_number

Array = NDArray[np.float64]
Say = Callable[[Any], None]

# Seeds of covariance and start with the published picture: simultaneous play keeps turning at
# m = 3, both shrink at m = 9 and 25. Over other draws the ratio reaches from 0.02 to 1e16.
SIZES = {3: 148, 9: 7, 25: 7}
LEADER, FOLLOWER = 0.015, 0.03  # published steps for the covariance game
GRID = 41  # starts along each side of the polynomial game's square
SQUARE = 15.0
NOISY_STEPS = 20_000


def run(folder: Path, say: Say) -> list[Path]:
    """Reproduce the system into `folder`; returns the figures drawn."""
    say(_commitments())
    basins, figure = _polynomial(folder / "stackelberg_polynomial.png")
    say(basins)
    figures = [figure]
    covariance, figure = _covariance(folder / "stackelberg_covariance.png")
    say(covariance)
    figures.append(figure)
    duopoly, figure = _noisy_duopoly(folder / "stackelberg_duopoly.png")
    say(duopoly)
    figures.append(figure)
    figures.append(_torus(folder / "stackelberg_torus.png"))
    say(_rates())
    return figures


def _commitments() -> Table:
    """Instances whose answer is a commitment, solved and compared."""
    rows = []
    for name in models.instances("game"):
        answer = models.published(name)
        if answer.concept != "Stackelberg":
            continue
        game = models.load(name)
        found = solve(game, answer.asked, start=answer.strategies or None)
        gap: Any = ""
        if answer.strategies:
            known = (answer.strategies, *answer.others)
            gap = min(np.abs(found.vector - game.pack(point)).max() for point in known)
        sure, value = found.certificate, found.payoffs[answer.leader]
        rows.append((name, answer.leader, value, sure.bound, sure.scope, sure.max_gain, gap))
    headers = (
        "instance", "leader", "leader's payoff", "bound", "scope", "gain left",
        "distance to answer",
    )  # fmt: skip
    return Table(headers, tuple(rows), title="Commitments with known answers")


def _polynomial(path: Path) -> tuple[Table, Path]:
    """Which critical point each start is drawn to, with and without the order of play."""
    game = models.polynomial_zero_sum()
    found = critical_points(game, (-SQUARE, SQUARE), starts=200)
    points = np.stack([c.point for c in found.points])
    side = np.linspace(-SQUARE, SQUARE, GRID)
    starts = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    # Published: steps 2.5e-4 and 2.5e-2 (tau = 100) for the leader's order, 0.0025 for both.
    plays = {
        "simultaneous play": TimescaleGradient("one", 0.0025),
        "player one leads": StackelbergGradient("one", 0.025, timescale=100),
    }
    figure_axes = _panels(len(plays), (9.0, 4.4))
    shares = []
    for ax, (title, learner) in zip(figure_axes, plays.items(), strict=True):
        final = simulate(
            game, learner, start=starts, steps=10_000, replications=len(starts),
            record_every=10_000,
        ).final  # fmt: skip
        apart = np.linalg.norm(final[:, None, :] - points, axis=2)
        nearest = np.where(apart.min(axis=1) < 0.5, apart.argmin(axis=1), len(points))
        shares.append([float(np.mean(nearest == k)) for k in range(len(points))])
        _draw_basins(ax, nearest.reshape(GRID, GRID), found.points, title)
    rows = tuple(
        (c.point, c.kind, float(game.declared_payoffs(c.point)[0]), *both)
        for c, *both in zip(found.points, *shares, strict=True)
    )
    headers = ("critical point", "kind", "f", *(f"{play} ends here" for play in plays))
    note = "The share of starts on a grid; the rest leaves the square or keeps moving."
    title = "Polynomial zero-sum game: critical points and who is drawn to them"
    return Table(headers, rows, title=title, notes=(note,)), plotting.save(figure_axes[0], path)


def _draw_basins(ax: Any, nearest: Array, points: Any, title: str) -> None:
    from matplotlib.colors import ListedColormap

    colours = [plotting.colour(k) for k in range(len(points))] + ["white"]
    ax.imshow(
        nearest, origin="lower", extent=(-SQUARE, SQUARE) * 2, cmap=ListedColormap(colours),
        vmin=-0.5, vmax=len(points) + 0.5, alpha=0.45, aspect="auto",
    )  # fmt: skip
    marks = {True: ("o", "Nash and Stackelberg"), False: ("*", "Stackelberg only")}
    for is_nash, (mark, label) in marks.items():
        chosen = [
            c.point for c in points if "one" in c.stackelberg_leaders and c.is_nash == is_nash
        ]
        if chosen:
            x, y = np.transpose(chosen)
            ax.scatter(x, y, marker=mark, s=90, color="black", label=label, zorder=3)
    others = [c.point for c in points if "one" not in c.stackelberg_leaders]
    if others:
        ax.scatter(*np.transpose(others), marker="x", color="black", label="neither", zorder=3)
    ax.set_title(title, loc="left", fontsize=9)
    ax.set_xlabel("x1 (leader)")
    ax.set_ylabel("x2")
    ax.grid(False)
    ax.legend(fontsize=7, loc="lower left")


def _covariance(path: Path) -> tuple[Table, Path]:
    """Distance to the covariance over steps, for the three published sizes."""
    panels = _panels(len(SIZES), (10.0, 3.4))
    rows = []
    for ax, (m, seed) in zip(panels, SIZES.items(), strict=True):
        game, target = models.covariance_gan(m, seed=seed), _target(m, seed)
        ends = []
        for place, (name, kind) in enumerate(
            (("simultaneous", TimescaleGradient), ("Stackelberg", StackelbergGradient))
        ):
            learner = kind(
                "generator",
                lambda k: FOLLOWER * (1 - 1e-7) ** k,
                leader_step=lambda k: LEADER * (1 - 1e-5) ** k,
            )
            path_run = simulate(game, learner, steps=10_000, record_every=20)
            away = _away(path_run.iterates, target)[:, 0]
            ax.semilogy(path_run.steps, away, color=plotting.colour(place), lw=1, label=name)
            ends.append(away[-1])
        ax.set_title(f"m = {m}", loc="left", fontsize=9)
        ax.set_xlabel("step")
        rows.append((m, *ends, ends[0] / ends[1]))
    panels[0].set_ylabel("distance to the covariance")
    panels[0].legend(frameon=False, fontsize=8)
    headers = ("m", "simultaneous", "Stackelberg", "times closer")
    title = "Learning a covariance matrix: distance after 10,000 steps"
    note = "How many times closer depends on the draw of covariance and start, here one a size."
    return Table(headers, tuple(rows), title=title, notes=(note,)), plotting.save(panels[0], path)


def _target(m: int, seed: int) -> Array:
    factor = np.random.default_rng(seed).standard_normal((m, m))
    return np.asarray(factor @ factor.T)


def _away(iterates: Array, target: Array) -> Array:
    """||Sigma - VV'||, (T, replications)."""
    m = target.shape[0]
    V = iterates[..., : m * m].reshape(*iterates.shape[:-1], m, m)
    return np.asarray(np.linalg.norm(target - V @ np.swapaxes(V, -1, -2), axis=(-2, -1)))


def _noisy_duopoly(path: Path) -> tuple[Table, Path]:
    """Published steps and noise N(0, 10); the printed profits come from one such run."""
    game = models.stackelberg_duopoly()
    plays = {
        "simultaneous": TimescaleGradient("leader", lambda k: 1 / k, noise=np.sqrt(10)),
        "Stackelberg": StackelbergGradient(
            "leader", lambda k: k ** (-2 / 3), leader_step=lambda k: 1 / k, noise=np.sqrt(10)
        ),
    }
    targets = {"simultaneous": solve(game), "Stackelberg": solve(game, _leads("leader"))}
    panels = _panels(2, (9.0, 3.4))
    rows = []
    for ax, (name, learner) in zip(panels, plays.items(), strict=True):
        runs = simulate(
            game, learner, start=[20.0, 20.0], steps=NOISY_STEPS, replications=200, seed=0,
            record_every=10,
        )  # fmt: skip
        runs.plot(targets[name], ax=ax)
        ax.set_xscale("log")
        ax.set_title(f"{name} play: quantities, 90 % of runs", loc="left", fontsize=9)
        profits = game.numbers.payoffs(runs.final)
        exact = np.array(list(targets[name].payoffs.values()))
        rows.append(
            (name, targets[name].vector, runs.final.mean(axis=0), exact, profits.mean(axis=0))
        )
    headers = ("play", "equilibrium", "learned, mean", "its profits", "learned profits, mean")
    title = f"Noisy learning in the duopoly after {NOISY_STEPS:,} steps, 200 runs"
    return Table(headers, tuple(rows), title=title), plotting.save(panels[0], path)


def _leads(name: str) -> Any:
    from eqsolve.concepts import Stackelberg

    return Stackelberg(name)


def _torus(path: Path) -> Path:
    """Costs along both plays from many starts: leading pays player one."""
    game = models.torus_location()
    starts = np.random.default_rng(0).uniform(-np.pi, np.pi, (60, 2))
    ax = plotting.axes()
    plays = (
        ("simultaneous", TimescaleGradient("one", 0.02)),
        ("player one leads", StackelbergGradient("one", 0.02, timescale=10)),
    )
    for place, (name, learner) in enumerate(plays):
        runs = simulate(game, learner, start=starts, steps=3_000, replications=60, record_every=10)
        costs = -np.stack([game.numbers.payoffs(x) for x in runs.iterates])
        costs = np.where(game.signs < 0, costs, -costs)[..., 0]
        ax.plot(runs.steps, costs, color=plotting.colour(place), lw=0.6, alpha=0.4)
        ax.plot([], [], color=plotting.colour(place), label=name)
    known = models.published("torus_location"), models.published("torus_location_simultaneous")
    for answer in known:
        ax.axhline(answer.quantities["costs"][0], color=plotting.GREY, ls="--", lw=1)
    ax.set_xlabel("step")
    ax.set_ylabel("cost of player one")
    ax.set_ylim(-1.3, 0.3)
    ax.set_title("Location on a torus: 60 starts each, known costs dashed", loc="left", fontsize=9)
    ax.legend(frameon=False)
    saved: Path = plotting.save(ax, path)
    return saved


def _rates() -> Table:
    """Predicted from the Jacobian at the equilibrium, measured from the run."""
    duopoly, saddle = models.stackelberg_duopoly(), models.quadratic_zero_sum()
    torus = models.torus_location()
    led = solve(torus, _leads("one"), start=[-0.52, 1.25])
    m, seed = 3, SIZES[3]
    covariance, target = models.covariance_gan(m, seed=seed), _target(m, seed)
    leading = StackelbergGradient("generator", FOLLOWER, leader_step=LEADER)
    both = TimescaleGradient("generator", FOLLOWER, leader_step=LEADER)
    end = simulate(covariance, leading, steps=3_000, record_every=3_000).final[0]
    first = covariance.numbers.default_start()
    cases: tuple[tuple[str, Any, Any, Any, Any, int, Any], ...] = (
        ("duopoly", duopoly, [46.0, 26.0], StackelbergGradient("leader", 0.2, 2.0),
         [40.0, 30.0], 300, None),
        ("quadratic zero-sum", saddle, [0.0, 0.0], StackelbergGradient("one", 0.1, 2.0),
         [1.0, -1.0], 600, None),
        ("torus", torus, led.vector, StackelbergGradient("one", 0.2, 2.0), [-0.4, 1.3], 600, None),
        ("covariance, m = 3", covariance, end, leading, first, 1_000, target),
        ("covariance, m = 3", covariance, end, both, first, 10_000, target),
    )  # fmt: skip
    rows = []
    for name, game, point, learner, start, steps, sigma in cases:
        distance = None if sigma is None else lambda x, sigma=sigma: _away(x, sigma)
        run_: Trajectory = simulate(game, learner, start=start, steps=steps)
        report = validate(run_, point, learner, distance, game=game)
        low, high = report.rate_interval or (np.nan, np.nan)
        interval = f"[{format_number(low)}, {format_number(high)}]" if low == low else ""
        rows.append(
            (
                name, type(learner).__name__, report.kind, report.predicted_rate, report.rate,
                interval, report.agrees,
            )
        )  # fmt: skip
    headers = (
        "game", "learning", "what it does", "predicted rate", "measured rate", "95 % interval",
        "predicted inside",
    )  # fmt: skip
    return Table(headers, tuple(rows), title="Predicted and measured rates")


def _panels(count: int, size: tuple[float, float]) -> list[Any]:
    """Axes side by side in the house style."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return [plotting.tidy(ax) for ax in figure.subplots(1, count, squeeze=False)[0]]
