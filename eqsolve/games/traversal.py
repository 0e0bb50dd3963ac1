"""Walks over cvxpy expressions that visit a shared node once, however many players share it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cvxpy as cp


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


class Values:
    """Values of cvxpy expressions by cvxpy's own arithmetic, each shared node computed once.

    `expression.value` computes a sum that a thousand players share a thousand times.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Any]] = {}

    def __call__(self, node: Any) -> Any:
        """What `node.value` gives."""
        if not node.args or type(node)._value_impl is not cp.atoms.atom.Atom._value_impl:
            return node.value
        known = self._known.get(id(node))
        if known is None:
            arguments = [self(argument) for argument in node.args]
            missing = any(argument is None for argument in arguments) and not node.is_constant()
            value = None if missing else node.numeric(arguments)
            # The node is kept beside the value so that its id is not reused.
            known = self._known[id(node)] = (node, value)
        return known[1]


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
