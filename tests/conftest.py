"""What the suite counts is shown at its end."""

import collections


def pytest_terminal_summary(terminalreporter):
    """Random games by family: how many were solved, raised, and wrong."""
    counts = collections.defaultdict(collections.Counter)
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "outcomes" and report.when == "call":
                counts[value["family"]].update({k: v for k, v in value.items() if k != "family"})
    if not counts:
        return
    terminalreporter.write_sep("-", "random games")
    for family, outcome in sorted(counts.items()):
        shown = ", ".join(f"{kind} {outcome[kind]}" for kind in ("solved", "raised", "wrong"))
        terminalreporter.write_line(f"{family}: {shown}")
