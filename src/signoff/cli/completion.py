"""Completion in shells: typer's, mended where zsh needs it."""

from __future__ import annotations

from typer import _completion_shared as shared

_REGISTERED = "compdef %(complete_func)s %(prog_name)s\n"
_REGISTERED_OR_RUN = f"""\
if [[ $funcstack[1] == _%(prog_name)s ]]; then
  %(complete_func)s "$@"
else
  {_REGISTERED.strip()}
fi
"""


def mend_zsh() -> None:
    """Have the script for zsh complete at the first Tab too.

    From ``fpath`` zsh runs the whole file as the completion itself (zshcompsys(1), "Autoloaded files"), and typer's
    only registers a function then: nothing is offered until Tab is pressed again.
    """
    scripts = shared._completion_scripts
    scripts["zsh"] = scripts["zsh"].replace(_REGISTERED, _REGISTERED_OR_RUN)
