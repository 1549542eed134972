"""``python -m tests.hard.disk.first_use FOLDER``: files run out while the first manager of a process is made.

One file more may be opened each time, until it is enough; what else was said, is printed. Nothing but the package's
own names was imported before.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress
from pathlib import Path

from signoff import MessageStatus, StateManager
from signoff.errors import SignoffError

from .limits import leave


def main(folder: Path) -> None:
    """Try until it can be opened, and use it."""
    said, limits = [], resource.getrlimit(resource.RLIMIT_NOFILE)
    for spare in range(100):
        leave(spare)
        try:
            state = StateManager(folder / "whatsapp_state.json")
        except SignoffError as error:
            said.append(str(error))
        else:
            break
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    state.add_message({"id": "m1", "body": "Hello"}, MessageStatus.INCOMING)
    (folder / "whatsapp_state.json").write_text(json.dumps({"mine": 1}))
    leave(0)
    with suppress(SignoffError):
        state.get_config("mine")
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    state.close()
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
