"""The rate a dynamics should have: the spectral radius of its update's Jacobian.

Near a fixed point x* of x <- T(x) the distance contracts by rho(DT(x*)) a step, rho
the largest modulus of an eigenvalue. Dynamics with memory are maps of profile and
memory together, so the Jacobian is taken of both (Ortega and Rheinboldt 1970, 10.1.3).
Where fixed points form a set the distance to the set shrinks by the largest modulus of
the others: directions along the set are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from eqsolve.dynamics.protocol import Dynamics, Stepped, as_dynamics
from eqsolve.errors import EqsolveError
from eqsolve.rates.fixed_set import tangent_space
from eqsolve.results import Table

Array = NDArray[np.float64]
Distance = Callable[[Array], Array]
VISIBLE_WIDTH, VISIBLE = 1e-5, 1e-3  # how far modes are moved; relative change that shows
WIDTH = 1e-6  # relative half width of the differences
FIXED = 1e-7  # relative residual below which a point counts as fixed
STABLE = 1e-9  # how far below one the spectral radius must be
STILL = 1e-3  # how little directions of a set move at another step, relative to the largest
PROPORTIONAL = 1e-5  # how exactly moves must grow with the step, relative to the largest


@dataclass(frozen=True)
class PredictedRate:
    """Linearised behaviour of an update at a point.

    Attributes
    ----------
    rate : float
        Spectral radius: the factor by which the distance shrinks a step. With a distance of
        the user's own, over the eigenvectors along which that distance changes.
    eigenvalues : ndarray of complex
        Of the update's Jacobian (profile and memory), largest modulus first; those along
        a set of fixed points are left out.
    largest_stable_step : float or None
        For dynamics with a constant step: the step at which the rate reaches one. For a
        plain function T: the largest s for which x + s (T(x) - x) is stable. None when
        no positive step is stable.
    residual : float
        Largest entry of T(x) - x.
    is_fixed_point, is_stable : bool
    set_dimension : int
        Of the set of fixed points through this one; 0 where it stands alone.
    """

    rate: float
    eigenvalues: NDArray[np.complex128]
    largest_stable_step: float | None
    residual: float
    is_fixed_point: bool
    set_dimension: int = 0

    @property
    def is_stable(self) -> bool:
        """Every eigenvalue inside the unit circle, but for those along a set of fixed points."""
        return bool(np.abs(self.eigenvalues).max(initial=0.0) < 1 - STABLE)

    def table(self) -> Table:
        """The figures, one a row."""
        rows: tuple[tuple[str, Any], ...] = (
            ("rate (contraction per step)", self.rate),
            ("stable", "yes" if self.is_stable else "no"),
            ("fixed point", "yes" if self.is_fixed_point else "no"),
            ("residual of the update", self.residual),
            ("largest stable step", self.largest_stable_step),
        )
        if self.set_dimension:
            rows += (("fixed points form a set of dimension", self.set_dimension),)
        return Table(("prediction", "value"), rows)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def predict(
    learner: Any,
    point: Array,
    game: Any = None,
    tangent: Array | None = None,
    distance: Distance | None = None,
) -> PredictedRate:
    """Linearise a dynamics or a function at `point` (n,).

    Parameters
    ----------
    learner : Dynamics or callable
    point : ndarray (n,)
    game : Game, optional
        Needed by dynamics, not by functions.
    tangent : ndarray (n, k), optional
        Directions along which equilibria form a set; they are left out. Default: those
        that `eqsolve.rates.fixed_set` finds.
    distance : callable, optional
        (T, replications, n) to (T, replications): what is measured, if not the norm.
    """
    point = np.asarray(point, dtype=float)
    is_function = not isinstance(learner, Dynamics)
    if not is_function and game is None:
        raise EqsolveError("predict_rate() needs game= to run a dynamics from eqsolve.dynamics.")
    dynamics = as_dynamics(learner, point)
    if isinstance(dynamics, Stepped):
        if not dynamics.is_constant:
            raise EqsolveError(
                "A step schedule has no single rate; predict with the constant step of interest."
            )
        dynamics = dynamics.noiseless()
    jacobian, residual = linearise(dynamics, game, point)
    is_fixed = residual <= FIXED * (1 + float(np.abs(point).max(initial=0.0)))
    if tangent is not None:
        along = _with_memory(jacobian, np.asarray(tangent, dtype=float).reshape(point.size, -1))
    elif is_fixed:
        along = _found_tangent(dynamics, game, point, jacobian)
    else:
        along = np.empty((jacobian.shape[0], 0))
    across = null_space(along.T) if along.size else None
    reduced = _across(jacobian, across)
    eigenvalues, vectors = _modes(reduced, across)
    seen = eigenvalues if distance is None else eigenvalues[_visible(vectors, point, distance)]
    largest: float | None
    if isinstance(dynamics, Stepped):
        largest = _largest_step(dynamics, game, point, across, reduced)
    else:
        largest = largest_relaxation(eigenvalues)
    return PredictedRate(
        rate=float(np.abs(seen).max(initial=0.0)),
        eigenvalues=eigenvalues,
        largest_stable_step=largest,
        residual=residual,
        is_fixed_point=is_fixed,
        set_dimension=along.shape[1],
    )


def linearise(dynamics: Dynamics, game: Any, point: Array) -> tuple[Array, float]:
    """Jacobian of the update in profile and memory, and the residual at `point` (n,).

    Central differences, all points as one batch of replications; at a bound the
    difference is taken on the feasible side.
    """
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        state = dynamics.start(game, point[None])
        base = _flat(point[None], state)
        size = base.shape[1]
        width = WIDTH * (1 + np.abs(base[0]))
        up, down = np.tile(base, (size, 1)), np.tile(base, (size, 1))
        up[np.diag_indices(size)] += width
        down[np.diag_indices(size)] -= width
        _inside(game, up, down, point.size)
        batch = np.concatenate([base, up, down])
        after = _flat(*dynamics.step(game, *_unflat(batch, point.size, state), rng))
    gap = (up - down)[np.diag_indices(size)]
    jacobian = ((after[1 : size + 1] - after[size + 1 :]) / gap[:, None]).T
    residual = float(np.abs(after[0, : point.size] - point).max(initial=0.0))
    if not np.isfinite(jacobian).all():
        raise EqsolveError("The update is not finite around this point, so it has no rate there.")
    return jacobian, residual


def _inside(game: Any, up: Array, down: Array, n: int) -> None:
    """Pull profile coordinates of perturbed points back inside the bounds."""
    if game is None:
        return
    numbers = game.numbers
    for points in (up, down):
        points[:, :n] = np.clip(points[:, :n], numbers.lower, numbers.upper)
    width = (up - down)[np.diag_indices(up.shape[0])][:n]
    if (width == 0).any():
        name = game.coordinate_names[int(np.argmin(width))]
        raise EqsolveError(f"Coordinate {name!r} is fixed by its bounds; nothing moves there.")


def _flat(profile: Array, state: tuple[NDArray[Any], ...]) -> Array:
    """Profile and real-valued memory side by side, (replications, everything)."""
    runs = profile.shape[0]
    parts = [part.reshape(runs, -1) for part in state if part.dtype.kind == "f"]
    return np.concatenate([profile, *parts], axis=1)


def _unflat(
    batch: Array, n: int, template: tuple[NDArray[Any], ...]
) -> tuple[Array, tuple[NDArray[Any], ...]]:
    """Undo `_flat`; counters and other integers are repeated from the template."""
    runs, place, state = batch.shape[0], n, []
    for part in template:
        if part.dtype.kind != "f":
            state.append(np.repeat(part, runs, axis=0))
            continue
        width = int(np.prod(part.shape[1:], dtype=int))
        state.append(batch[:, place : place + width].reshape(runs, *part.shape[1:]).copy())
        place += width
    return batch[:, :n].copy(), tuple(state)


def _found_tangent(dynamics: Dynamics, game: Any, point: Array, jacobian: Array) -> Array:
    """Directions of the set of fixed points, in profile and memory, (everything, k)."""
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        state = dynamics.start(game, point[None])

        def update(batch: Array) -> Array:
            try:
                return _flat(*dynamics.step(game, *_unflat(batch, point.size, state), rng))
            except EqsolveError:  # a point off the set that the dynamics refuses is not fixed
                return np.full_like(batch, np.nan)

        along = tangent_space(update, _flat(point[None], state)[0], jacobian)
    if along.size and isinstance(dynamics, Stepped):
        # Equilibria are fixed at every step; extra-gradient at 1 / h fixes more than them.
        shorter = dynamics.with_step(0.7 * cast("float", dynamics.step_length))
        moved = linearise(shorter, game, point)[0] - np.eye(jacobian.shape[0])
        if np.abs(moved @ along).max() > STILL * np.abs(moved).max():
            return along[:, :0]
    return along


def _with_memory(jacobian: Array, directions: Array) -> Array:
    """Directions (n, k) of profiles with what memory makes of them, (everything, k)."""
    n = directions.shape[0]
    kept = jacobian[:, n:] - np.eye(jacobian.shape[0])[:, n:]
    moved = (jacobian - np.eye(jacobian.shape[0]))[:, :n] @ directions
    return np.concatenate([directions, -np.linalg.lstsq(kept, moved, rcond=None)[0]])


def _across(jacobian: Array, across: Array | None) -> Array:
    """The Jacobian in the orthonormal directions `across` (everything, k); whole if None."""
    return jacobian if across is None else np.asarray(across.T @ jacobian @ across)


def _modes(
    reduced: Array, across: Array | None
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Eigenvalues, largest modulus first, and their vectors in profile and memory."""
    values, vectors = np.linalg.eig(reduced)
    order = np.argsort(-np.abs(values), kind="stable")
    values, vectors = values[order].astype(np.complex128), vectors[:, order].astype(np.complex128)
    return values, vectors if across is None else across @ vectors


def _visible(
    vectors: NDArray[np.complex128], point: Array, distance: Distance
) -> NDArray[np.bool_]:
    """Which modes change the distance in first order: the others never show in it."""
    own = vectors[: point.size]
    width = VISIBLE_WIDTH * (1 + np.abs(point).max(initial=0.0))
    moves = width * np.stack([own.real.T, own.imag.T])
    change = np.asarray(distance(point + moves)) - np.asarray(distance(point[None, None]))
    return np.asarray((np.abs(change) > VISIBLE * width).any(axis=0))


def largest_relaxation(eigenvalues: NDArray[np.complex128]) -> float | None:
    """Largest s with |1 + s (lambda - 1)| < 1 for all eigenvalues, or None.

    >>> largest_relaxation(np.array([0.5 + 0j]))
    4.0
    """
    shifted = eigenvalues - 1
    if (shifted.real >= -STABLE).any():
        return None
    return float((-2 * shifted.real / np.abs(shifted) ** 2).min())


def _largest_step(
    dynamics: Any, game: Any, point: Array, across: Array | None, here: Array
) -> float | None:
    """The step at which the rate reaches one; `here` is the Jacobian at the given step."""
    given = float(dynamics.step_length)

    def jacobian(step: float) -> Array:
        return _across(linearise(dynamics.with_step(step), game, point)[0], across)

    def radius(step: float) -> float:
        return float(np.abs(np.linalg.eigvals(jacobian(step))).max(initial=0.0))

    one = np.eye(here.shape[0])
    size = float(np.abs(here - one).max(initial=0.0))
    if size > STABLE:
        share = 1 / size
        if 0.3 < share < 3:  # too near the given step to tell
            share /= 10
        there = jacobian(share * given)
        if np.abs(there - one - share * (here - one)).max() <= PROPORTIONAL:
            relaxation = largest_relaxation(np.linalg.eigvals(there).astype(np.complex128))
            return None if relaxation is None else relaxation * share * given
    return _first_unstable(radius, given)


def _first_unstable(radius: Callable[[float], float], given: float) -> float | None:
    """Where the rate first reaches one, on a grid of steps and then by bisection."""
    steps = given * np.geomspace(1e-3, 1e4, 57)
    stable = 0.0
    for step in steps:
        if radius(float(step)) >= 1 - STABLE:
            break
        stable = float(step)
    else:
        return float("inf")
    if stable == 0.0:
        return None
    low, high = stable, float(step)
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if radius(middle) < 1 - STABLE else (low, middle)
    return low
