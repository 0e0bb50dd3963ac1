"""Names of states and arms that a file can hold: texts, numbers, and tuples of these."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eqsolve.errors import BadExperiment

FEW = 6  # names listed in a sentence


@dataclass(frozen=True)
class Labels:
    """What states or arms are called, and their numbers.

    Attributes
    ----------
    names : tuple
    what : str
        "state" or "arm".
    numbered : bool
        Names are 0, 1, ... because none were given.

    Examples
    --------
    >>> labels = Labels.of(["empty", "busy"], "state")
    >>> labels.place("busy"), Labels.of(labels.json(), "state") == labels
    (1, True)
    """

    names: tuple[Hashable, ...]
    what: str
    numbered: bool = False

    @classmethod
    def of(cls, given: int | Sequence[Any], what: str) -> Labels:
        """Labels from a number of them, a sequence, or what `json` wrote.

        Raises
        ------
        BadExperiment
            When there are none, one is given twice, or one is neither text, number nor tuple.
        """
        if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
            if given < 1:
                raise BadExperiment(f"There must be one {what} or more, not {given}.")
            return cls(tuple(range(int(given))), what, numbered=True)
        if isinstance(given, str) or not isinstance(given, (Sequence, np.ndarray)):
            raise BadExperiment(f"{what}s must be a number of them or their labels, not {given!r}.")
        names = tuple(_plain(label, what) for label in given)
        if not names:
            raise BadExperiment(f"There must be one {what} or more; no label was given.")
        if len(set(names)) < len(names):
            twice = next(name for k, name in enumerate(names) if name in names[:k])
            raise BadExperiment(f"The {what} label {twice!r} is given twice.")
        return cls(names, what)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def given(self) -> tuple[Hashable, ...] | None:
        """The names, or None where they are only numbers."""
        return None if self.numbered else self.names

    @cached_property
    def _places(self) -> dict[Hashable, int]:
        return {name: place for place, name in enumerate(self.names)}

    def place(self, label: Any) -> int:
        """Number of a label.

        Raises
        ------
        BadExperiment
            When there is no such label.
        """
        try:
            place = self._places.get(tuple(label) if isinstance(label, list) else label)
        except TypeError:  # not hashable, so none of ours
            place = None
        if place is None:
            shown = ", ".join(map(repr, self.names[:FEW])) + ", ..." * (len(self) > FEW)
            raise BadExperiment(f"There is no {self.what} {label!r}; there are {shown}.")
        return place

    def json(self) -> Any:
        """A number, or a list in which tuples are lists."""
        return len(self) if self.numbered else [_as_json(name) for name in self.names]


def _plain(label: Any, what: str) -> Hashable:
    """A label as Python's own text, number or tuple; lists are tuples that a file has held."""
    if isinstance(label, np.generic):
        label = label.item()
    if isinstance(label, (tuple, list)):
        return tuple(_plain(part, what) for part in label)
    if isinstance(label, (str, bool, int)) or (isinstance(label, float) and np.isfinite(label)):
        return label
    raise BadExperiment(
        f"The {what} label {label!r} is neither a text, a number, nor a tuple of these."
    )


def _as_json(label: Any) -> Any:
    return [_as_json(part) for part in label] if isinstance(label, tuple) else label
