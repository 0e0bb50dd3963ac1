"""How thorough the suite is; what it counts is shown at its end."""

import collections

import pytest


def pytest_addoption(parser):
    """`--thorough`: every random instance; a fifth of the long families are tried without it."""
    parser.addoption("--thorough", action="store_true", help="try every random instance")


@pytest.fixture
def share(request):
    """Of the random instances of long families, the share to try."""
    return 1.0 if request.config.getoption("--thorough") else 0.2


def pytest_terminal_summary(terminalreporter):
    """Random games by family, and published bilevel problems by class: what became of them."""
    games = collections.defaultdict(collections.Counter)
    bilevel = collections.defaultdict(collections.Counter)
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "outcomes" and report.when == "call":
                games[value["family"]].update({k: v for k, v in value.items() if k != "family"})
            if name == "bilevel" and report.when == "call":
                bilevel[value[0]][value[1]] += 1
    show(terminalreporter, "random games", games, ("solved", "raised", "wrong"))
    outcomes = ("solved with proof", "solved locally", "better than printed", "refused", "wrong")
    show(terminalreporter, "published bilevel problems", bilevel, outcomes)


def show(terminalreporter, title, counts, kinds):
    """One line a family, where there is anything to show."""
    if counts:
        terminalreporter.write_sep("-", title)
    for family, outcome in sorted(counts.items()):
        shown = ", ".join(f"{kind} {outcome[kind]}" for kind in kinds)
        terminalreporter.write_line(f"{family}: {shown}")
