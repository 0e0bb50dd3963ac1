"""Optimal design: which arm to run in which state, so that an effect is learned soonest."""

from __future__ import annotations

from typing import Any

from eqsolve.design.experiment import MarkovExperiment
from eqsolve.design.planning import plan
from eqsolve.design.sampling_design import SamplingDesign
from eqsolve.errors import BadExperiment


def optimal_design(
    experiment: MarkovExperiment,
    contrast: Any = None,
    *,
    criterion: str = "sum",
    steps: int | None = None,
    costs: Any = None,
    budget: float | None = None,
    floor: Any = None,
    allowed: Any = None,
    share: float | None = None,
    policy: str = "exact",
    solver: Any = None,
) -> SamplingDesign:
    """The stationary sampling policy whose estimate of a contrast has the least variance.

    Parameters
    ----------
    experiment : MarkovExperiment
        The arms' transitions, rewards and reward variances; known, guessed, or estimated from a
        log.
    contrast : array_like (A,) or (K, A), or mapping of arm name to weight, optional
        Weights of the arms' long-run means. By default the second arm minus the first; with more
        than two arms each arm minus the first.
    criterion : {"sum", "minimax"}
        With several contrasts: least sum of their variances (A-optimal), or least largest one.
    steps : int, optional
        Length of the run. Give it wherever it is known: enough coin flipping is then mixed in
        that a run of that length shows the variance that the design states. Without it the
        design is the asymptotic optimum, with a warning where that mixes too slowly.
    costs : array_like (A, S) or (A,), or mapping of arm name to cost, optional
        Cost of a step. Without steps the variance times the average cost is least, so that a
        budget buys most; with steps and a budget the average cost is at most budget / steps.
    budget : float, optional
        What the whole run may cost.
    floor : float, array_like (A,) or mapping, optional
        Least probability of each allowed arm in every state: for safety, or for later
        off-policy use.
    allowed : bool array_like (A, S), optional
        Which arms may run in which states; by default all.
    share : float, optional
        Share of coin flipping, instead of the one that `steps` would choose: the occupancy is at
        least `share` times that of coin flipping above the floors (with costs and no steps:
        share of the budget). It costs at most a factor 1 / (1 - share) of variance.
    policy : {"exact", "aperiodic"}
        "exact" is the optimum, which may never visit states that serve nothing; "aperiodic" has
        at least 0.1 % of coin flipping in it, so that every state is visited now and then and no
        period is left that coin flipping does not have, at no more than 0.1 % of variance.
    solver : str or engine, optional
        "interior-point" (default), "convex", "clarabel", "scs", or an object with
        `solve(program, start)`.

    Returns
    -------
    SamplingDesign
        `.policy` (S, A), `.occupancy` (A, S), `.variance` and its proven `.relative_gap`.

    Raises
    ------
    BadExperiment
        When an option contradicts the experiment: the message names arm and state, or the least
        possible cost.
    EquilibriumNotFound
        When the engine returns nothing usable.

    Warns
    -----
    SlowMixing
        When no run of sensible length (or none of `steps`) will show the stated variance.

    Source: Glynn, Johari and Rasouli (NeurIPS 2020), theorems 1 and 2; the bound by convex
    duality (`eqsolve.programs.sampling`).

    Examples
    --------
    >>> import eqsolve as eq
    >>> experiment = eq.MarkovExperiment(
    ...     transitions=[
    ...         [[0.5, 0.5, 0.0], [0.1, 0.4, 0.5], [0.0, 0.2, 0.8]],
    ...         [[0.8, 0.2, 0.0], [0.5, 0.4, 0.1], [0.0, 0.5, 0.5]],
    ...     ],
    ...     rewards=[[1, 0, 2], [0, 1, 3]],
    ...     reward_variances=1.0,
    ...     arm_names=("old", "new"),
    ... )
    >>> design = eq.optimal_design(experiment, steps=10_000)
    >>> round(design.variance, 5), design.relative_gap < 1e-8
    (11.35008, True)
    >>> design.policy[:, 1].round(4).tolist()
    [0.8889, 0.5028, 0.1239]
    >>> round(design.standard_error(), 5)
    0.03369
    """
    if not isinstance(experiment, MarkovExperiment):
        raise BadExperiment(
            f"optimal_design needs a MarkovExperiment, not {type(experiment).__name__}; a log "
            f"has .next_design()."
        )
    return plan(
        experiment,
        contrast,
        criterion=criterion,
        steps=steps,
        costs=costs,
        budget=budget,
        floor=floor,
        allowed=allowed,
        share=share,
        policy=policy,
        solver=solver,
    )
