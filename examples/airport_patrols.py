"""Where should two patrols be, when attackers watch before they choose?

Five parts of an airport, two patrols, and two kinds of attackers: thieves, who want what is
valuable, and protesters, who want to be seen. The defender commits to a lottery over patrols;
guarding evenly, or what is worth most, invites the attack elsewhere.

Run: python examples/airport_patrols.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import eqsolve as eq
from eqsolve import plotting

TOLERANCE = 1e-6
PLACES = ("gates", "check-in", "cargo", "fuel", "car park")
VALUE = np.array([[6.0, 3.0, 8.0, 5.0, 1.0], [7.0, 9.0, 2.0, 1.0, 2.0]])  # thieves, protesters
SHARES = (0.6, 0.4)
PATROLS = 2


def loss(game: eq.SecurityGame, coverage: np.ndarray) -> float:
    """What the defender loses when every type of attacker picks its best target."""
    defender, attacker = game.attack_payoffs(coverage)
    total = 0.0
    for share, pays, gets in zip(game.probabilities, defender, attacker, strict=True):
        best = gets >= gets.max() - 1e-9
        total -= share * pays[best].max()
    return total


def run(folder: Path) -> tuple[list[float], list[float]]:
    """The optimal loss by coverage and over all sets of targets; and what thieves alone allow."""
    game = eq.models.security_game(
        VALUE, resources=PATROLS, attacker_covered=-VALUE / 2, probabilities=SHARES,
        target_names=PLACES,
    )  # fmt: skip
    lead = eq.solve(game, eq.Stackelberg("defender"))
    coverage = lead["defender"]
    print(lead)
    print(game.allocations(coverage))

    even = np.full(len(PLACES), PATROLS / len(PLACES))
    dearest = np.zeros(len(PLACES))
    dearest[np.argsort(-np.array(SHARES) @ VALUE)[:PATROLS]] = 1.0
    losses = {"even": loss(game, even), "dearest": loss(game, dearest), "optimal": -lead.value}
    print(", ".join(f"{name}: {value:.4f}" for name, value in losses.items()))
    if not losses["optimal"] <= min(losses["even"], losses["dearest"]):
        raise SystemExit("The optimal coverage loses more than another.")

    whole = eq.solve(game.normal_form(), eq.Stackelberg("defender"))  # 10 sets of two places

    # Thieves alone, whose failed attack costs them nothing: (1 - c) value = k on guarded
    # places. Were all but the car park guarded: 4 - k (1/6 + 1/3 + 1/8 + 1/5) = 2.
    thieves = eq.models.security_game(VALUE[0], resources=PATROLS)
    alone = eq.solve(thieves, eq.Stackelberg("defender"))
    by_hand = 2 / (1 / 6 + 1 / 3 + 1 / 8 + 1 / 5)

    draw(game, {"even": even, "optimal": coverage}, folder / "airport_patrols.png")
    return [lead.value, -alone.value], [whole.value, by_hand]


def draw(game: eq.SecurityGame, coverages: dict[str, np.ndarray], path: Path) -> None:
    """Bars of coverage, and what an attack pays each type under the optimal one."""
    ax = plotting.axes(size=(7.0, 4.0))
    spots = np.arange(len(PLACES))
    for place, (name, coverage) in enumerate(coverages.items()):
        label = f"coverage, {name}"
        ax.bar(spots + 0.4 * place - 0.2, coverage, 0.38, label=label, color=plotting.colour(place))
    ax.set_xticks(spots, PLACES)
    ax.set_ylabel("probability of a patrol")
    ax.set_ylim(0, 1)
    right = ax.twinx()
    pays = game.attack_payoffs(coverages["optimal"])[1]
    for kind, gets, mark in zip(("thieves", "protesters"), pays, "os", strict=True):
        right.plot(spots, gets, mark, color="black", fillstyle="none" if mark == "s" else "full",
                   label=f"attack pays {kind}")  # fmt: skip
    right.set_ylabel("payoff of an attack, optimal coverage")
    handles = [*ax.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    ax.legend(handles=handles, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12),
              ncols=2)  # fmt: skip
    ax.set_title("Two patrols against thieves and protesters", loc="left")
    plotting.save(ax, path)


if __name__ == "__main__":
    run(Path())
