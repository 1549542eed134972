"""All commands, and what becomes of errors: one sentence and an exit code."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from .. import __version__
from ..errors import AssistantError, ConfigError, Decision, InvalidMessage, NotFound, SignoffError
from .completion import mend_zsh
from .terminal import DONE, INTERRUPTED, NO, UNUSABLE, USAGE, complain, err

_HELP = """Nothing leaves without sign-off: the state of a WhatsApp automation, and the desk where drafts are approved.

[bold]Begin:[/bold] signoff demo

[bold]In earnest:[/bold] signoff run in one terminal, signoff inbox in another; signoff status tells how it stands.
"""
_EPILOG = (
    "[bold]Exit codes:[/bold] 0 done · 1 the answer is no, or a decision was refused · 2 wrongly asked · "
    "3 the store or a file cannot be used · 130 stopped by Ctrl+C. What goes wrong is one sentence on the "
    "standard error."
)

COMMANDS = {
    "Try it": {"demo": "demo.demo", "replay": "replay.replay"},
    "Work": {
        "run": "run.run",
        "inbox": "inbox.inbox",
        "send": "send.send",
        "status": "status.status",
        "history": "history.history",
        "stats": "stats.stats",
    },
    "One decision": {
        "approve": "decide.approve",
        "reject": "decide.reject",
        "edit": "decide.edit",
        "ask-again": "decide.ask_again",
        "take-back": "decide.take_back",
        "reopen": "decide.reopen",
    },
    "Sent, and nobody knows whether it arrived": {
        "confirm-sent": "delivery.confirm_sent",
        "send-again": "delivery.send_again",
        "give-up": "delivery.give_up",
    },
    "Set it up": {
        "adopt": "adopt.adopt",
        "config": "config.config",
        "session": "session.session",
        "accounts": "accounts.accounts",
    },
    "Keep it safe": {
        "backup": "copies.backup",
        "restore": "copies.restore",
        "export": "export.export",
        "forget": "forget.forget",
        "doctor": "doctor.doctor",
    },
}
"""The panels of the help, and where the commands in them are."""


def application(first: str | None = None) -> typer.Typer:
    """The application: with the command ``first`` alone, if there is one, because to import all takes its time."""
    app = typer.Typer(
        name="signoff",
        help=_HELP,
        epilog=_EPILOG,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_signoff)
    known = any(first in commands for commands in COMMANDS.values())
    for panel, commands in COMMANDS.items():
        for name, place in commands.items():
            if name == first or not known:
                command = _imported(place)
                app.command(name, rich_help_panel=panel, help=_help(command))(command)
    return app


def _imported(place: str) -> Callable[..., None]:
    module, _, name = place.partition(".")
    command: Callable[..., None] = getattr(import_module(f".{module}", __package__), name)
    return command


def _help(command: Callable[..., None]) -> str:
    """The docstring with each paragraph on one line, to be wrapped by the width of the terminal."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _say_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"signoff {__version__}\n")
        raise typer.Exit(DONE)


def _signoff(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """The options before a command; the help is in `application`."""


def _open_streams() -> None:
    """Have the three streams, also where they were closed (``>&-``), and print whatever they can show."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 for as long as it runs
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def run_app(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. Errors become one sentence on the standard error."""
    _open_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0].endswith("-completion"):
        mend_zsh()
    try:
        application(given[0] if given else None)(given, prog_name="signoff")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print("Stopped.")
        return end.code if isinstance(end.code, int) else DONE
    except SignoffError as error:
        complain(str(error))
        return _code(error)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO
    except OSError as error:
        complain(f"{error.filename or 'a file'} cannot be used ({error.strerror or error})")
        return UNUSABLE
    return DONE


def _code(error: SignoffError) -> int:
    if isinstance(error, (Decision, NotFound)):
        return NO
    return USAGE if isinstance(error, (AssistantError, ConfigError, InvalidMessage)) else UNUSABLE
