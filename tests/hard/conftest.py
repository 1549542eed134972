"""What the attacks have counted is told when all have ended."""

from __future__ import annotations

from collections.abc import Callable

import pytest

counted: list[str] = []

Tell = Callable[[str], None]


@pytest.fixture
def tell() -> Tell:
    """Have a line printed at the end of the run."""
    return counted.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if counted:
        terminalreporter.section("attacks")
        for line in counted:
            terminalreporter.write_line(line)
