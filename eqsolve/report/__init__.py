"""Reproduction of published results, one system a file; `eqsolve reproduce` runs them."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any


def systems() -> dict[str, Any]:
    """Name to module, found by being here: a system is a module with `run(folder, say)`."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            found[module.name] = import_module(f"{__name__}.{module.name}")
    return found
