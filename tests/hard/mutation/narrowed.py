"""mutmut, without the mutants that tell nothing that another of the same place does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from mutmut.__main__ import cli
from mutmut.mutation import mutators
from mutmut.runners.harness import BadTestExecutionCommandsException, PytestRunner

Operator = Callable[[Any], Iterable[Any]]
NOT_TRIED = 33
"""What mutmut notes of a mutant that has no tests."""


def main() -> None:
    """mutmut's own command line. One mutant of a text (not three), and an argument is replaced but not left out too."""
    narrower = {
        mutators.operator_string: first_of(mutators.operator_string),
        mutators.operator_arg_removal: replaced(mutators.operator_arg_removal),
    }
    mutators.mutation_operators[:] = [(kind, narrower.get(op, op)) for kind, op in mutators.mutation_operators]
    runner: Any = PytestRunner
    runner.run_tests = or_not_tried(runner.run_tests)
    cli()


def or_not_tried(run: Callable[..., int]) -> Callable[..., int]:
    """A mutant whose tests pytest does not find was not tried, which is not killed: a test with a backslash in an id
    of its own is called otherwise when it is collected again."""

    def run_or_not(*args: Any, **named: Any) -> int:
        try:
            return run(*args, **named)
        except BadTestExecutionCommandsException:
            return NOT_TRIED

    return run_or_not


def first_of(operator: Operator) -> Operator:
    """Only the first mutant of each place."""
    return lambda node: islice(operator(node), 1)


def replaced(operator: Operator) -> Operator:
    """Only those mutants of a call that have as many arguments as it."""
    return lambda node: (mutant for mutant in operator(node) if len(mutant.args) == len(node.args))
