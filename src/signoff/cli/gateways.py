"""The gateways that commands can be told to use: ours by their names, the user's own as ``module:Class``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ..errors import GatewayError
from ..gateway import Gateway, load_gateway, open_gateway
from ..settings import with_defaults
from ..state import StateManager

REST = "rest"
SIMULATOR = "simulator"

Opening = Callable[[StateManager, Path], Gateway]
"""Opens a gateway, set up by the settings of a state, whose file is named for what shall lie beside it."""


def _checked(name: str | None) -> str | None:
    """Refuse what can be no gateway's name before anything is done."""
    if name is None or name in (REST, SIMULATOR) or ":" in name:
        return name
    raise typer.BadParameter(f"there is no gateway {name!r}: use 'rest', 'simulator' or 'module:Class'")


GATEWAY = typer.Option(
    "--gateway",
    metavar="WHICH",
    callback=_checked,
    help="rest (the backend at api_endpoint), simulator (contacts who do not exist), or module:Class (your own).",
)
GatewayOption = Annotated[str, GATEWAY]


def opening(name: str) -> Opening:
    """What opens the gateway that was asked for; one of the user's own is imported by now.

    Raises:
        typer.BadParameter: there is none by that name, or it cannot be loaded.
    """
    if name == REST:
        return lambda manager, _: open_gateway(REST, api_endpoint=manager.get_config("api_endpoint"))
    if name == SIMULATOR:
        return _open_simulator
    try:
        make = load_gateway(name)
    except GatewayError as error:
        raise typer.BadParameter(str(error), param_hint="--gateway") from error
    return lambda manager, _: make(with_defaults(manager.store.settings(manager.account)))


def place(name: str, manager: StateManager) -> str:
    """Where a gateway leads, for people."""
    if name == SIMULATOR:
        return "contacts who do not exist"
    return str(manager.get_config("api_endpoint")) if name == REST else "your own"


def _open_simulator(_: StateManager, file: Path) -> Gateway:
    """The simulator's world lies beside the state file."""
    from ..gateway.simulator import DEMO_SCRIPT

    return open_gateway(SIMULATOR, folder=file.with_name(f"{file.stem}_simulator"), script=DEMO_SCRIPT)
