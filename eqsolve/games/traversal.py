"""Walks over cvxpy expressions that visit a shared node once, however many players share it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def leaves(item: Any, seen: set[int]) -> Iterator[Any]:
    """Leaves below an expression or constraint that are not in `seen` yet; marks what it visits."""
    stack = [item]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.args:
            stack.extend(node.args)
        else:
            yield node


def mentions(item: Any, variable_ids: set[int]) -> bool:
    """Whether an expression or constraint mentions any of the variables."""
    return any(getattr(leaf, "id", None) in variable_ids for leaf in leaves(item, set()))


class Contains:
    """Whether an expression contains an atom of the given kinds; remembers every node asked."""

    def __init__(self, kinds: frozenset[type]) -> None:
        self.kinds = kinds
        self._known: dict[int, tuple[Any, bool]] = {}

    def __call__(self, node: Any) -> bool:
        known = self._known.get(id(node))
        if known is None:
            found = type(node) in self.kinds or any(self(argument) for argument in node.args)
            # The node is kept beside the answer so that its id is not reused.
            known = self._known[id(node)] = (node, found)
        return known[1]
