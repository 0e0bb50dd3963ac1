"""Every exception eqsolve raises on purpose.

Each says in one sentence which object is at fault and what would be right, so
that the command line can print it as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class EqsolveError(Exception):
    """Base of every error eqsolve raises on purpose."""


class NotAGame(EqsolveError):
    """The declaration is not a game; the message names the player or variable at fault."""


class NoFormulation(EqsolveError):
    """No formulation applies; `reasons` maps each formulation to its own reason.

    Parameters
    ----------
    message : str
        What was asked for.
    reasons : mapping of str to str
        Formulation name to the sentence it refused with.
    """

    def __init__(self, message: str, reasons: Mapping[str, str] | None = None) -> None:
        self.reasons = dict(reasons or {})
        listed = "".join(f"\n  - {name}: {why}" for name, why in self.reasons.items())
        super().__init__(message + listed)


class EquilibriumNotFound(EqsolveError):
    """No point passed the certificate.

    Parameters
    ----------
    message : str
        What was tried.
    status : str
        How the solver ended, as a sentence.
    residuals : mapping of str to float
        The residuals reached, by name.
    advice : str
        What to try next.
    """

    def __init__(
        self,
        message: str,
        *,
        status: str = "",
        residuals: Mapping[str, float] | None = None,
        advice: str = "",
    ) -> None:
        self.status = status
        self.residuals = dict(residuals or {})
        self.advice = advice
        reached = ", ".join(f"{name} {value:.2e}" for name, value in self.residuals.items())
        parts = [message, status, f"Reached: {reached}." if reached else "", advice]
        super().__init__(" ".join(part for part in parts if part))


class NotInstalled(EqsolveError):
    """An optional package is absent; the message holds the line that installs it.

    Parameters
    ----------
    package : str
        Name of the absent package.
    purpose : str
        What needs it, as the subject of a sentence: ``"The global formulation"``.
    extra : str
        The extra of eqsolve that brings it.
    """

    def __init__(self, package: str, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs {package}: pip install 'eqsolve[{extra}]'.")


class BadExperiment(EqsolveError):
    """An experiment cannot be what was declared; the message names the arm, row or option."""


class BadLog(EqsolveError):
    """A log cannot be counted; the message names the column or row at fault."""


class SlowMixing(UserWarning):
    """A design moves so slowly between states that no run of sensible length reaches its promise.

    The message holds the relaxation time and what to do about it.
    """


class BinsMatter(UserWarning):
    """Other bins of a numeric state move the effect; the message says by how much."""


class BadCommitment(EqsolveError):
    """A game with a leader, its policy or its followers' response cannot be what was declared."""


class NotAdmissible(BadCommitment):
    """A leader's policy reads what a commitment may not depend on; the message names it."""


class ResponseNotFinished(BadCommitment):
    """Followers have not come to an end; the message names the response and how far it got."""


class UnsupportedFunction(EqsolveError):
    """A program or a solver cannot hold a function; the message names it and what to write."""
