"""The guide, its Python examples, and the state on which they run."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from signoff.gateway.backend import serve
from signoff.gateway.simulator import Simulator
from state_manager import MessageStatus, StateManager

from ..docs.markdown import blocks

GUIDE = Path(__file__).with_name("guide.md")
EXAMPLES = blocks(GUIDE, "python")
ANA = "15550100140@c.us"

Names = dict[str, Any]


class _DictForDots(ast.NodeTransformer):
    """``account_info={...}`` in the guide's Troubleshooting stands for a dict; it is not code."""

    def visit_Set(self, node: ast.Set) -> ast.AST:
        if isinstance(node.elts[0], ast.Constant) and node.elts[0].value is ...:
            return ast.copy_location(ast.Dict([ast.Constant("name")], [ast.Constant("Ana")]), node)
        return node


def seed(manager: StateManager) -> Names:
    """A state that has seen some messages; and the names that the guide's examples presume."""
    manager.update_session_status(True, {"number": "15550100100", "name": "Shop", "platform": "android"})
    msg = {"id": "msg", "from": ANA, "body": "Hello!"}
    manager.add_message({"id": "earlier", "from": ANA, "body": "Hi"}, MessageStatus.INCOMING)
    manager.add_message({"id": "sent", "recipient": ANA, "body": "Hi Ana"}, MessageStatus.SENT)
    return {
        "manager": manager,
        "MessageStatus": MessageStatus,
        "threading": threading,
        "msg": msg,
        "msg_id": "msg",
        "msg1": {"id": "msg1", "from": ANA, "body": "one"},
        "msg2": {"id": "msg2", "from": ANA, "body": "two"},
    }


class Run:
    """What came of an example: its names, what it printed, the state and the world behind it."""

    def __init__(self, names: Names, printed: str, world: Simulator) -> None:
        self.names = names
        self.printed = printed
        self.world = world
        self.manager: StateManager = names["manager"]

    def ids(self, status: MessageStatus) -> list[str]:
        return [message["id"] for message in self.manager.get_messages(status)]


RunExample = Callable[..., Run]


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    yield world
    world.close()


@pytest.fixture
def run_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: Simulator) -> Iterator[RunExample]:
    """Runs an example as it is written, in a folder of its own, beside the guide's backend."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with ExitStack() as stack, serve(world, port=0) as endpoint:

        def run(number: int, **config: object) -> Run:
            manager = stack.enter_context(StateManager())
            names = seed(manager)
            manager.update_config({"api_endpoint": endpoint, **config})
            _prepare_folder(manager)
            block = EXAMPLES[number]
            tree = ast.increment_lineno(_DictForDots().visit(ast.parse(block.text)), block.line - 1)
            with redirect_stdout(StringIO()) as printed:
                exec(compile(ast.fix_missing_locations(tree), GUIDE, "exec"), names)
            for name in ("manager", "sender", "assistant", "watcher"):
                if name in names and names[name] is not manager:
                    stack.callback(names[name].close)
            return Run(names, printed.getvalue(), world)

        yield run
    with StateManager() as after:
        assert after.check() == []


def _prepare_folder(manager: StateManager) -> None:
    """What the guide's examples expect to stand there: the session's folder, and an old backup."""
    (manager.folder / ".wwebjs_auth").mkdir()
    Path(manager.backup_state()).rename("whatsapp_state_backup_20240216.json")
