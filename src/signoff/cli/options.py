"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..processes import user_name

StateOption = Annotated[
    Path, typer.Option("--state", metavar="FILE", help="The state file; the database lies beside it.")
]
AccountOption = Annotated[str, typer.Option("--account", metavar="NAME", help="Which WhatsApp account it is about.")]
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who decides; your user name when not given.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Ask nobody: approve every draft that is not out of date.")]
KeepOption = Annotated[bool, typer.Option("--keep", help="Go on with what the folder holds from the last time.")]

DEFAULT_STATE = Path("whatsapp_state.json")
DEFAULT_ACCOUNT = "default"


def person(by: str | None) -> str:
    """Who decides: the name that was given, or the user's."""
    return by or user_name()
