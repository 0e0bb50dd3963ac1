"""Where an arm settles, as far as a log shows it.

A log of finite length always has states that an arm was seen to enter and never to leave: the
last one, and those where the arm was never played or only once. Taken literally the estimated
chain ends there, and its stationary law is nonsense. What the log does say is bounded by the
rule of three: of a set C of states that the arm was not seen to leave in n_C steps, the
probability of leaving may, at 95 %, be anything up to e = min(1, 3 / n_C).

So the estimated chain is completed: every class never left is left with probability e, for a
state drawn as the arm's steps were. Let C be the communicating class that then holds most of the
stationary mass.

- If C is the only closed class of the estimated chain, the estimate is made on it, as maximum
  likelihood says, provided that C holds more than half even with its unseen exits.
- If the arm was seen to leave C for good, or there are other closed classes, C must hold 95 %:
  then the arm settles there whatever the unseen exits are, and the estimate is made on C, the
  steps out of it left out.
- Otherwise the log does not identify the arm's long-run mean, and is refused, classes named.

The rule of three: Hanley and Lippman-Hand, JAMA 249 (1983).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.errors import BadLog
from eqsolve.markov import stationary_law

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

SETTLED = 0.95  # of the long run that a class must hold where others may hold the rest
MAJORITY = 0.5  # of the long run that the only closed class must hold
_FEW = 3  # states and classes that an error names
_RULE_OF_THREE = 3.0  # -log(0.05), rounded as usual


def recurrent_class(counts: TransitionCounts, arm: int) -> Integers:
    """The states (k,), in increasing order, among which the arm stays in the long run.

    Raises
    ------
    BadLog
        When the arm was never played, or the log does not show where it settles.

    Examples
    --------
    A hundred steps to and fro, and one last step to a state that was never left:

    >>> arm, to_and_fro = [0] * 101, [0, 1] * 50
    >>> counts = TransitionCounts.from_steps(arm, [*to_and_fro, 0], arm, [1, 0] * 50 + [2])
    >>> recurrent_class(counts, 0).tolist()
    [0, 1]
    """
    moves = counts.matrix(arm, counts.count.astype(np.float64))
    visits = np.asarray(moves.sum(axis=1)).ravel()
    if not visits.any():
        raise BadLog(
            f"{_arm(counts, arm)} was never played in this log: its mean reward is unknown."
        )
    met = np.flatnonzero((visits > 0) | (np.bincount(moves.indices, minlength=visits.size) > 0))
    moves, visits = moves[met, :][:, met], visits[met]
    classes, labels = csgraph.connected_components(moves, directed=True, connection="strong")
    steps = np.asarray(np.bincount(labels, visits, minlength=classes), dtype=np.float64)
    closed = _closed(moves, labels, classes)
    certain = closed & (steps >= SETTLED * steps.sum())
    if closed.sum() == 1 and certain.any():
        chosen = int(np.argmax(certain))
    else:
        shares = _long_run_shares(moves, visits, labels, steps, closed)
        chosen = int(np.argmax(shares))
        literal = closed.sum() == 1 and closed[chosen] and steps[chosen] > 0
        if shares[chosen] < (MAJORITY if literal else SETTLED):
            raise BadLog(_unsettled(counts, arm, met, labels, steps, shares))
    return np.asarray(met[labels == chosen], dtype=np.int64)


def pooled_class(counts: TransitionCounts) -> Integers:
    """The states (k,) among which the log went to and fro, whatever the arm.

    Raises
    ------
    BadLog
        When the log is empty, or never came back to where it had been.
    """
    together = replace(counts, arm=np.zeros_like(counts.arm), arms=1, arm_names=("all arms",))
    return recurrent_class(together, 0)


def _closed(moves: sparse.csr_array, labels: NDArray[np.int_], classes: int) -> NDArray[np.bool_]:
    """(classes,): those with no step out of them."""
    sources = np.repeat(labels, np.diff(moves.indptr))
    closed = np.ones(classes, dtype=bool)
    closed[sources[sources != labels[moves.indices]]] = False
    return closed


def _long_run_shares(
    moves: sparse.csr_array,
    visits: Array,
    labels: NDArray[np.int_],
    steps: Array,
    closed: NDArray[np.bool_],
) -> Array:
    """(classes,): stationary masses of classes in the completed chain."""
    exits = np.where(closed, np.minimum(1.0, _RULE_OF_THREE / np.maximum(steps, 1.0)), 0.0)
    # A state never left, a class of its own without steps, has exit probability 1.
    leave = exits[labels]
    stay = np.divide(1.0 - leave, visits, out=np.zeros_like(visits), where=visits > 0)
    frequencies = sparse.diags_array(stay, format="csr") @ moves
    # One more state stands between exits and entries, so that the chain stays sparse.
    between = sparse.csr_array(visits[None, :] / visits.sum())
    completed = sparse.block_array(
        [[frequencies, sparse.csr_array(leave[:, None])], [between, None]], format="csr"
    )
    law = stationary_law(completed)[:-1]
    return np.asarray(np.bincount(labels, law, minlength=steps.size) / law.sum())


def _unsettled(
    counts: TransitionCounts,
    arm: int,
    met: Integers,
    labels: NDArray[np.int_],
    steps: Array,
    shares: Array,
) -> str:
    largest = np.argsort(-shares, kind="stable")[:_FEW]
    largest = largest[shares[largest] > 0]
    shown = ", ".join(
        f"{name_states(counts, met[labels == label])} "
        f"({steps[label]:.6g} steps, perhaps {shares[label]:.0%} of the long run)"
        for label in largest
    )
    rest = steps.size - largest.size
    others = f" and {rest} other sets of states" if rest else ""
    return (
        f"{_arm(counts, arm)} was not seen to go to and fro between enough states to tell where it "
        f"settles: between {shown}{others} no way there and back was seen. Play it more there (a "
        "floor on its probability), or let it borrow the steps of the other arms with prior=1."
    )


def name_states(counts: TransitionCounts, states: Integers) -> str:
    """A set of states in a sentence, shortened.

    >>> name_states(TransitionCounts.empty(1, 9), np.arange(9))
    '{0, 1, 2, ... (9 states)}'
    """
    names = ", ".join(counts.state_name(int(state)) for state in states[:_FEW])
    return f"{{{names}{f', ... ({states.size} states)' if states.size > _FEW else ''}}}"


def _arm(counts: TransitionCounts, arm: int) -> str:
    return f"Arm {counts.arm_label(arm)}"
