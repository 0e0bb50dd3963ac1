"""The findings of `eqsolve design` as text for a terminal, and as JSON for a program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eqsolve.report._design_findings import DesignFindings, Effect, rounded
from eqsolve.results import Table


def headline(findings: DesignFindings, which: int = 0) -> str:
    """The effect and its interval in a sentence."""
    effect, weights = findings.effects[which], findings.estimate.contrast[which]
    low, high = (rounded(end, effect.standard_error) for end in effect.interval)
    value = rounded(effect.effect, effect.standard_error)
    percent = f"{100 * findings.level:.6g} %"
    between = f"{percent} interval {low} to {high}"
    plus = [arm for arm, weight in zip(findings.log.arms, weights, strict=True) if weight == 1]
    minus = [arm for arm, weight in zip(findings.log.arms, weights, strict=True) if weight == -1]
    plain = len(plus) == len(minus) == 1 and abs(weights).sum() == 2
    if not plain:
        told = "" if effect.told_from_zero else ", which cannot be told from zero yet"
        return f"In the long run {effect.name} is {value} ({between}){told}."
    if not effect.told_from_zero:
        return (
            f"The log does not tell {plus[0]} from {minus[0]}: in the long run {plus[0]} earns "
            f"{value} more per step, but zero is within the {between}."
        )
    size = rounded(abs(effect.effect), effect.standard_error)
    more, difference = ("more", "") if effect.effect > 0 else ("less", f"difference {value}, ")
    return (
        f"In the long run {plus[0]} earns {size} {more} per step than {minus[0]} "
        f"({difference}{between})."
    )


def as_text(findings: DesignFindings) -> str:
    """Effect, estimators, next policy, steps still needed, problems."""
    parts = [
        repr(findings.log).removeprefix("TransitionLog of "),
        "\n".join(headline(findings, which) for which in range(len(findings.names))),
        str(_effects(findings)),
        *(
            str(replace(findings.estimators_table(which), title=name))
            for which, name in enumerate(findings.names)
        ),
        str(findings.policy_table()),
        _design_line(findings),
        "\n\n".join(str(needed) for needed in findings.needed),
    ]
    if findings.bins is not None:
        parts.append(str(replace(findings.bins.table(), title="Other bins", notes=())))
    if findings.problems:
        parts.append("\n".join(["What stands against it:", *bulleted(findings.problems)]))
    return "\n\n".join(parts)


def bulleted(sentences: Sequence[str]) -> list[str]:
    """One line each."""
    return [f"  - {sentence}" for sentence in sentences]


def as_json(findings: DesignFindings) -> dict[str, Any]:
    """Everything as plain numbers and texts; what is not known is null."""
    log, design = findings.log, findings.design
    found = {
        "log": {
            "name": log.name,
            "steps": log.length,
            "arms": list(log.arms),
            "states": len(log.states),
            "state_columns": list(log.state_columns),
            "bins": {name: list(points) for name, points in log.bins.items()},
        },
        "level": findings.level,
        "effects": [_effect(effect) for effect in findings.effects],
        "arm_means": dict(
            zip(map(str, log.arms), findings.estimate.arm_means.tolist(), strict=True)
        ),
        "estimators": [
            [
                {
                    "name": row.name,
                    "estimate": row.estimate,
                    "standard_error": row.standard_error,
                    "note": row.note,
                }
                for row in compared.rows
            ]
            for compared in findings.estimators
        ],
        "design": {
            "variance": design.variance,
            "bound": design.bound,
            "relative_gap": design.relative_gap,
            "relaxation_time": design.relaxation_time,
            "coin_flipping": design.share,
            "floor": findings.floor,
            "steps": design.steps,
        },
        "policy": {
            "states": [list(s) if isinstance(s, tuple) else s for s in log.states],
            "arms": list(log.arms),
            "probabilities": design.policy.tolist(),
        },
        "steps_needed": [
            {
                "half_width": needed.half_width,
                "reason": needed.reason,
                "designed": needed.designed,
                "coin_flipping": needed.coin_flipping,
                "as_logged": needed.as_logged,
            }
            for needed in findings.needed
        ],
        "problems": list(findings.problems),
    }
    return dict(_plain(found))


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "name": effect.name,
        "effect": effect.effect,
        "standard_error": effect.standard_error,
        "interval": list(effect.interval),
        "anytime_interval": list(effect.anytime),
    }


def _plain(value: Any) -> Any:
    """JSON has neither nan nor infinity."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _effects(findings: DesignFindings) -> Table:
    percent = f"{100 * findings.level:.6g} %"
    rows = []
    for effect in findings.effects:
        error = effect.standard_error
        numbers = (effect.effect, *effect.interval, *effect.anytime)
        cells = [rounded(number, error) for number in numbers]
        rows.append((effect.name, cells[0], f"{error:.3g}", *cells[1:]))
    headers = ("effect", "estimate", "standard error", f"{percent} from", "to")
    return Table((*headers, "anytime from", "to"), tuple(rows))


def _design_line(findings: DesignFindings) -> str:
    design = findings.design
    floor = f", every arm at least {findings.floor:g}" if findings.floor else ""
    share = f"; {100 * design.share:.3g} % coin flipping, so that it mixes" if design.share else ""
    return (
        f"Variance x steps {design.variance:.5g}, at most {design.relative_gap:.1e} above the "
        f"least possible{floor}{share}; relaxation time {design.relaxation_time:.3g} steps."
    )
