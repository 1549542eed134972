"""``signoff run``: the service in the foreground, until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, cast

import typer

from ..assistant import Assistant, load_assistant
from ..errors import AssistantError
from ..gateway import Event, Gateway, SessionChange
from ..model import JsonObject
from ..service import Service
from ..settings import defaults
from ..state import StateManager
from .gateways import REST, GatewayOption, opening, place
from .opening import database_of
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, StateOption
from .qr import show_qr
from .terminal import err, one_line

AssistantOption = Annotated[
    str,
    typer.Option(
        "--assistant",
        metavar="WHICH",
        help="faq, faq:FOLDER (Markdown files), multilingual:FOLDER (the same across languages), "
        "llm (a language model; see llm_config), llm:FOLDER, module:function (your own), keywords, or none.",
    ),
]


def run(
    state: StateOption = DEFAULT_STATE,
    gateway: GatewayOption = REST,
    assistant: AssistantOption = "keywords",
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """Take messages in, have them drafted, send what was approved; until Ctrl+C or SIGTERM.

    Both stop it in order: what is being sent at that moment is finished. Killed at any moment it goes on
    where it was. What happens is logged to the standard error, with ids and never a text.

    Example: signoff run --assistant faq:answers
    """
    config = LlmConfig(state, account)
    drafts, open_it = load(assistant, config), opening(gateway)
    _log_to_stderr()
    with (
        StateManager(state, account=account, by="signoff run") as manager,
        closing(open_it(manager, state)) as opened,
    ):
        config.manager = manager
        _say_what_it_does(manager, gateway, state, assistant)
        watched = cast(Gateway, _Watched(opened, lambda change: show_qr(change, manager)))
        Service(manager, watched, drafts, assistant.partition(":")[0]).run()
    err.print("Stopped in order.")


def load(spec: str, llm_config: Callable[[], JsonObject] | JsonObject | None) -> Assistant | None:
    """The assistant that was asked for; None for ``none``. ``llm_config`` is that of `load_assistant`."""
    if spec == "none":
        return None
    try:
        return load_assistant(spec, llm_config)
    except AssistantError as error:
        raise typer.BadParameter(str(error), param_hint="--assistant") from error


class LlmConfig:
    """``llm_config`` as a state has it at any moment; the defaults while there is no state.

    Attributes:
        manager: the state, as soon as it is open for good; until then it is opened for a moment where it exists.
    """

    def __init__(self, file: Path, account: str) -> None:
        self._file = file
        self._account = account
        self.manager: StateManager | None = None

    def __call__(self) -> JsonObject:
        if self.manager is not None:
            return _llm_config(self.manager)
        if not self._file.exists() and not database_of(self._file).exists():
            return dict(defaults()["llm_config"])
        with StateManager(self._file, account=self._account, by="signoff") as manager:
            return _llm_config(manager)


def _llm_config(manager: StateManager) -> JsonObject:
    config: JsonObject = manager.get_config("llm_config")
    return config


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


def _say_what_it_does(manager: StateManager, gateway: str, file: Path, assistant: str) -> None:
    err.print(f"signoff keeps account {manager.account_name!r} in {database_of(file)}", markup=False)
    err.print(f"gateway    {gateway}: {one_line(place(gateway, manager))}", markup=False)
    err.print(f"assistant  {assistant}", markup=False)
    author = manager.config_author("human_in_the_loop")
    if author is not None and not manager.get_config("human_in_the_loop"):
        err.print(f"sign-off   OFF, set by {author}: drafts leave without a person", style="yellow", markup=False)
    else:
        err.print("sign-off   on: nothing leaves before somebody approves it in: signoff inbox", markup=False)


def _log_to_stderr() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(message)s", level=logging.WARNING)
    logging.getLogger("signoff").setLevel(logging.INFO)
