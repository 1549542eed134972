"""``signoff run``: the service in the foreground, until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from ..assistant import Assistant, load_assistant
from ..errors import AssistantError
from ..gateway import Event, Gateway, SessionChange, open_gateway
from ..model import JsonObject
from ..service import Service
from ..state import StateManager
from .opening import database_of
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, StateOption
from .qr import show_qr
from .terminal import err, one_line


class GatewayName(StrEnum):
    """The gateways that can be chosen."""

    rest = "rest"
    simulator = "simulator"


GatewayOption = Annotated[
    GatewayName,
    typer.Option("--gateway", help="rest: the backend at api_endpoint. simulator: contacts who do not exist."),
]
AssistantOption = Annotated[
    str,
    typer.Option(
        "--assistant",
        metavar="WHICH",
        help="faq, faq:FOLDER (Markdown files), llm (a language model; see llm_config), llm:FOLDER, "
        "module:function (your own), keywords, or none.",
    ),
]


def run(
    state: StateOption = DEFAULT_STATE,
    gateway: GatewayOption = GatewayName.rest,
    assistant: AssistantOption = "keywords",
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """Take messages in, have them drafted, send what was approved; until Ctrl+C or SIGTERM.

    Both stop it in order: what is being sent at that moment is finished. Killed at any moment it goes on
    where it was. What happens is logged to the standard error, with ids and never a text.

    Example: signoff run --assistant faq:answers
    """
    drafts = load(assistant, state, account)
    _log_to_stderr()
    with (
        StateManager(state, account=account, by="signoff run") as manager,
        closing(open_for(gateway, manager, state)) as opened,
    ):
        _say_what_it_does(manager, opened, state, assistant)
        watched = cast(Gateway, _Watched(opened, lambda change: show_qr(change, manager)))
        Service(manager, watched, drafts, assistant.partition(":")[0]).run()
    err.print("Stopped in order.")


def load(spec: str, file: Path = DEFAULT_STATE, account: str = DEFAULT_ACCOUNT) -> Assistant | None:
    """The assistant that was asked for; None for ``none``. A model is set up as the state file says, where it is."""
    if spec == "none":
        return None
    config = _llm_config(file, account) if spec.partition(":")[0] == "llm" else None
    try:
        return load_assistant(spec, config)
    except AssistantError as error:
        raise typer.BadParameter(str(error), param_hint="--assistant") from error


def _llm_config(file: Path, account: str) -> JsonObject | None:
    if not file.exists() and not database_of(file).exists():
        return None
    with StateManager(file, account=account, by="signoff") as manager:
        config: JsonObject = manager.get_config("llm_config")
    return config


def open_for(name: GatewayName, manager: StateManager, file: Path) -> Gateway:
    """The gateway, set up by the settings; the simulator's world lies beside the state file."""
    if name is GatewayName.rest:
        return open_gateway("rest", api_endpoint=manager.get_config("api_endpoint"))
    from ..gateway.simulator import DEMO_SCRIPT

    return open_gateway("simulator", folder=file.with_name(f"{file.stem}_simulator"), script=DEMO_SCRIPT)


class _Watched:
    """A gateway whose changes of the session are told to somebody as they pass; all else is the gateway's own."""

    def __init__(self, gateway: Gateway, tell: Callable[[SessionChange], None]) -> None:
        self._gateway = gateway
        self._tell = tell

    def __getattr__(self, name: str) -> object:
        return getattr(self._gateway, name)

    def events(self, wait: float) -> Sequence[Event]:
        events = self._gateway.events(wait)
        for event in events:
            if isinstance(event, SessionChange):
                self._tell(event)
        return events


def _say_what_it_does(manager: StateManager, gateway: Gateway, file: Path, assistant: str) -> None:
    where = f"{manager.get_config('api_endpoint')}" if gateway.name == "rest" else "contacts who do not exist"
    err.print(f"signoff keeps account {manager.account_name!r} in {database_of(file)}", markup=False)
    err.print(f"gateway    {gateway.name}: {one_line(where)}", markup=False)
    err.print(f"assistant  {assistant}", markup=False)
    author = manager.config_author("human_in_the_loop")
    if author is not None and not manager.get_config("human_in_the_loop"):
        err.print(f"sign-off   OFF, set by {author}: drafts leave without a person", style="yellow", markup=False)
    else:
        err.print("sign-off   on: nothing leaves before somebody approves it in: signoff inbox", markup=False)


def _log_to_stderr() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(message)s", level=logging.WARNING)
    logging.getLogger("signoff").setLevel(logging.INFO)
