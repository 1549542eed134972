"""All commands, and what becomes of errors: one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from .. import __version__
from ..errors import Decision, NotFound, SignoffError
from . import demo
from .terminal import DONE, INTERRUPTED, NO, UNUSABLE, complain, err

app = typer.Typer(
    name="signoff",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.command()(demo.demo)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"signoff {__version__}\n")
        raise typer.Exit(DONE)


@app.callback()
def signoff(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which one.")] = False,
) -> None:
    """Nothing leaves without sign-off: the state of a WhatsApp automation, and the desk where its drafts are approved."""
    del version


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. Errors become one sentence on the standard error."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        app(None if arguments is None else list(arguments), prog_name="signoff")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print("Stopped.")
        return end.code if isinstance(end.code, int) else DONE
    except SignoffError as error:
        complain(str(error))
        return NO if isinstance(error, (Decision, NotFound)) else UNUSABLE
    return DONE
