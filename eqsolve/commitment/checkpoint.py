"""Training on file: one .npz, no pickle, replaced in one piece.

What a file holds is enough to go on to the same numbers as a run that was never interrupted: the
learner's arrays, the number of updates made, and the seed from which each update's own random
stream follows. It says which problem it belongs to and refuses any other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.setting import Setting
from eqsolve.errors import BadCommitment

FORMAT = 1


def identity(setting: Setting) -> dict[str, Any]:
    """What tells one leader's problem from another, in words and as a digest of its numbers."""
    game = setting.game
    digest = hashlib.sha256()
    graph = game.graph
    if graph is not None:
        parts = (graph.rewards, graph.root_rewards, graph.children, graph.observations)
        for part in (*parts, graph.roots, game.prior):
            digest.update(np.ascontiguousarray(part).tobytes())
    else:
        _digest_of(game, digest)
    return {
        "game": repr(game),
        "response": repr(setting.response),
        "response plays": setting.response_plays,
        "reward plays": setting.reward_plays,
        "mixed": setting.mixed,
        "hide_response": setting.hide_response,
        "critic": setting.critic,
        "numbers": digest.hexdigest()[:16],
    }


def _digest_of(thing: Any, digest: Any, depth: int = 3) -> None:
    """Feed an object's numbers, and those of what it is made of, to a digest."""
    if isinstance(thing, np.ndarray):
        digest.update(repr((thing.shape, thing.dtype.str)).encode())
        digest.update(repr(thing.tolist()).encode() if thing.dtype == object else thing.tobytes())
    elif isinstance(thing, (bool, int, float, str, np.generic)) or thing is None:
        digest.update(repr(thing).encode())
    elif isinstance(thing, (tuple, list)):
        for part in thing:
            _digest_of(part, digest, depth)
    elif isinstance(thing, Mapping):
        for name, part in thing.items():
            digest.update(repr(name).encode())
            _digest_of(part, digest, depth)
    elif hasattr(thing, "__dict__") and not callable(thing) and depth:
        for name, part in sorted(vars(thing).items()):
            # What is only computed on demand may be there or not.
            if not isinstance(getattr(type(thing), name, None), cached_property):
                digest.update(name.encode())
                _digest_of(part, digest, depth - 1)


def save(path: Path, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any]) -> None:
    """Write a checkpoint; the one before stays whole until this one is."""
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "wb") as file:
        everything: dict[str, Any] = {"notes": np.array(json.dumps({"format": FORMAT, **notes}))}
        np.savez(file, **(everything | dict(arrays)))
    unfinished.replace(path)


def load(path: Path, mine: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and notes of a checkpoint.

    Parameters
    ----------
    path : Path
    mine : mapping
        What the notes must say for the run to go on: "problem", "learner", and "seed" where one
        is asked for.

    Raises
    ------
    BadCommitment
        A file that is no checkpoint, or one of another game, other followers, another learner or
        seed; both are named.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        notes = json.loads(str(arrays.pop("notes")))
        if notes["format"] != FORMAT:
            raise KeyError("format")
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise BadCommitment(
            f"{path} is no checkpoint of training that this version can read; give another file, "
            "or delete it to begin anew."
        ) from error
    _compare(path, notes["problem"], mine["problem"])
    for name in ("learner", "seed"):
        if mine.get(name) is not None and notes[name] != mine[name]:
            raise BadCommitment(
                f"{path} was made with {name} {notes[name]}, and this is {name} {mine[name]}; give "
                "the same, or another file."
            )
    return arrays, notes


def _compare(path: Path, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    for name, own in ours.items():
        if theirs.get(name) == own:
            continue
        what = {"game": "another game", "numbers": "another game"}.get(name, "another problem")
        if name == "numbers":
            its, said = f"{theirs['game']!r}, with other payoffs", f"{ours['game']!r}"
        else:
            its, said = f"{name} {theirs.get(name)!r}", f"{name} {own!r}"
        raise BadCommitment(
            f"{path} is a checkpoint of {what}: it has {its}, and this one has {said}. Give "
            "another file, or delete it to begin anew."
        )
