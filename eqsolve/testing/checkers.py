"""Checkers of the protocols: run one on a new dynamics, formulation or solver."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve._certify import certify
from eqsolve._simulate import simulate
from eqsolve.dynamics.protocol import Dynamics
from eqsolve.errors import EqsolveError
from eqsolve.testing.known_games import known_games


def check_dynamics(dynamics: Any, game: Any, *, seed: int = 0) -> None:
    """A dynamics is pure, keeps shapes, honours seeds and treats replications alike.

    Parameters
    ----------
    dynamics : Dynamics
    game : Game
    seed : int

    Raises
    ------
    AssertionError
        Naming the rule that is broken.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = eq.models.load("duopoly")
    >>> check_dynamics(eq.dynamics.GradientPlay(step=0.01), game)
    """
    name = type(dynamics).__name__
    assert isinstance(dynamics, Dynamics), f"{name} lacks start(...) or step(...)."
    finite = hasattr(game, "deviation_payoffs")
    start = np.tile(game.uniform() if finite else game.numbers.default_start(), (3, 1))
    before = start.copy()
    state = dynamics.start(game, start)
    assert isinstance(state, tuple), f"{name}.start must return a tuple of arrays."
    for part in state:
        assert np.shape(part)[:1] == (3,), f"{name}: memory must have replications first."
    memory = [np.array(part) for part in state]
    moved, after = dynamics.step(game, start, state, np.random.default_rng(seed))
    assert np.shape(moved) == (3, game.n), f"{name}.step must return profiles (replications, n)."
    assert (start == before).all(), f"{name}.step changed the profile it was given."
    assert len(after) == len(memory), f"{name}.step must return memory of the same parts."
    for part, kept in zip(state, memory, strict=True):
        assert np.array_equal(part, kept), f"{name}.step changed the memory it was given."
    again, _ = dynamics.step(game, start, state, np.random.default_rng(seed))
    assert np.array_equal(moved, again), f"{name}: the same seed gave other numbers."
    runs = [simulate(game, dynamics, steps=4, replications=3, seed=seed) for _ in range(2)]
    assert np.array_equal(runs[0].iterates, runs[1].iterates), f"{name}: runs differ by call."
    if finite:
        _check_finite(dynamics, game, runs[0].iterates, seed)


def _check_finite(dynamics: Any, game: Any, iterates: Any, seed: int) -> None:
    """Strategies stay strategies, and many rounds at once are the rounds one by one."""
    name = type(dynamics).__name__
    for block in game.blocks:
        own = iterates[..., block]
        assert (own >= -1e-9).all(), f"{name}: a probability is negative."
        assert np.allclose(own.sum(axis=-1), 1, atol=1e-9), f"{name}: a strategy adds not to one."
    play = dynamics.rounds(game, 1) if hasattr(dynamics, "rounds") else None
    if play is None:
        return
    profile = game.uniform()[None]
    state = dynamics.start(game, profile)
    played, last, after = play(profile, state, 100)
    assert len(played) == 100, f"{name}.rounds plays another number of rounds."
    rng = np.random.default_rng(seed)
    for one in [*played, last]:
        assert np.abs(one - profile).max() <= 1e-12, f"{name}.rounds differs from its steps."
        profile, state = dynamics.step(game, profile, state, rng)
    assert len(after) == len(state), f"{name}.rounds returns memory of other parts."


def check_solver(solver: Any, formulation: Any, *, tolerance: float = 1e-6) -> dict[str, str]:
    """Run a solver through a formulation on every known game it takes.

    Parameters
    ----------
    solver : solver record
    formulation : formulation
        One whose programs the solver takes.
    tolerance : float
        Largest relative gain of an answer.

    Returns
    -------
    dict of str to str
        Game name to "solved" or the reason it was refused.

    Raises
    ------
    AssertionError
        Naming the game whose answer is wrong.

    Examples
    --------
    >>> from eqsolve.formulations.potential import Potential
    >>> from eqsolve.solvers.convex import Convex
    >>> check_solver(Convex(), Potential())["duopoly"]
    'solved'
    """
    if formulation.kind not in solver.kinds:
        raise EqsolveError(f"{solver.name!r} does not take {formulation.kind} programs.")
    outcome: dict[str, str] = {}
    for known in known_games():
        game, asked = known.game(), known.answer().asked
        if known.answer().concept == "local":  # critical points, no equilibria of the whole game
            continue
        reason = formulation.refuses(game, asked)
        if reason is not None:
            outcome[known.name] = reason
            continue
        program = formulation.compile(game, asked, game.numbers.default_start())
        inner = program.problem if formulation.kind == "complementarity" else program
        solution = solver.solve(inner)
        vector = formulation.recover(program, solution).x[: game.n]
        certificate = certify(game, vector, asked)
        assert certificate.holds(tolerance), f"{known.name}: {certificate!r}"
        outcome[known.name] = "solved"
    return outcome


def check_formulation(formulation: Any, *, tolerance: float = 1e-6) -> dict[str, str]:
    """Run a formulation with its default solver on every known game; see `check_solver`.

    Examples
    --------
    >>> from eqsolve.formulations.complementarity import Complementarity
    >>> check_formulation(Complementarity())["river_basin"]
    'solved'
    """
    from eqsolve.solvers.catalogue import default_solver

    return check_solver(default_solver(formulation.kind), formulation, tolerance=tolerance)
