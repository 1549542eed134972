"""What sender, assistant and watcher of one state file share: the manager, and the backend that it names."""

from __future__ import annotations

import os
from pathlib import Path

from ..gateway import Gateway
from ..gateway.rest import Rest
from ..shared import Shared
from ..state import StateManager

_managers: Shared[StateManager] = Shared(lambda manager: manager.close(), fork_order=0)


def manager_of(state_file: str | os.PathLike[str], by: str) -> StateManager:
    """The manager of a state file; sender, assistant and watcher of one process have the same."""
    return _managers.get(os.path.realpath(state_file), lambda: StateManager(Path(state_file), by=by))


def release(manager: StateManager) -> None:
    """Say that one component less needs the manager."""
    _managers.release(manager)


def gateway_of(manager: StateManager) -> Gateway:
    """The backend that the setting ``api_endpoint`` names."""
    return Rest(manager.get_config("api_endpoint"))
