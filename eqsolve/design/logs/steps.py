"""The steps of a log in their order, as arrays: for what counts forget."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.logs.query import SORTED, UNORDERED
from eqsolve.design.logs.read import ReadLog
from eqsolve.errors import BadLog

Integers = NDArray[np.int64]

_BATCH = 500_000  # rows that are coded together


def read_steps(found: ReadLog, most: int) -> RecordedSteps:
    """All steps, run after run.

    Raises
    ------
    BadLog
        When there are more than `most`, or the log has no order.
    """
    total = int(found.counts.total)
    if total > most:
        raise BadLog(
            f"The log has {total:,} steps, more than the {most:,} that are taken into memory; "
            "give most= to allow more, or do with what counts can tell: the interval of the CLT "
            "is as good at this length."
        )
    states, after, arms, rewards, new_run = [], [], [], [], []
    width = range(len(found.query.columns.state))
    started = True
    for batch in _batches(found):
        led = np.ones(batch.num_rows, dtype=bool)
        for i in width:
            led &= batch[f"next_{i}"].is_valid().to_numpy(zero_copy_only=False)
        ends = batch["last"].to_numpy(zero_copy_only=False)
        # A run starts where the row before was the last of its own.
        starts = np.concatenate([[started], ends[:-1]])
        started = bool(ends[-1])
        kept = batch.filter(led)
        states.append(found.states([kept[f"state_{i}"] for i in width]))
        after.append(found.states([kept[f"next_{i}"] for i in width]))
        arms.append(np.array(found.arm_order)[found.arms([kept["arm"]])])
        rewards.append(kept["reward"].to_numpy(zero_copy_only=False) - found.query.origin)
        new_run.append(starts[led])
    return RecordedSteps(
        np.concatenate(arms),
        np.concatenate(states),
        np.concatenate(rewards),
        np.concatenate(after),
        new_run=np.concatenate(new_run),
        number_of_arms=found.counts.arms,
        number_of_states=found.counts.states,
        arm_names=found.counts.arm_names,
        state_names=found.counts.state_names,
    )


def read_codes(found: ReadLog) -> Integers:
    """(steps,): the state of each step, in the order of `read_steps`."""
    width = range(len(found.query.columns.state))
    parts = []
    for batch in _batches(found):
        led = np.ones(batch.num_rows, dtype=bool)
        for i in width:
            led &= batch[f"next_{i}"].is_valid().to_numpy(zero_copy_only=False)
        parts.append(found.states([batch.filter(led)[f"state_{i}"] for i in width]))
    return np.concatenate(parts)


def _batches(found: ReadLog) -> Any:
    """The rows in order, some at a time."""
    query = found.query
    if query.order == UNORDERED:
        raise BadLog(
            f"The steps of {query.source.name} have no order: {query.source.engine} keeps none; "
            "give time=."
        )
    width = range(len(query.columns.state))
    rows = query.rows()
    if query.order == SORTED:
        keys = [f"run_{i}" for i in range(len(query.columns.run))]
        keys += [f"time_{i}" for i in range(len(query.columns.time))] or ["row"]
        rows = rows.order_by(keys)
    names = [*(f"state_{i}" for i in width), *(f"next_{i}" for i in width)]
    for batch in query.source.batches(rows.select("arm", "reward", "last", *names), _BATCH):
        if batch.num_rows:
            yield batch
