"""``python -m tests.hard.disk.starved FOLDER SPARE``: a life in which, for a moment of each step, files run out.

Before each step so few files may be opened that it needs more, or just not; whatever it then says, it is taken once
more when there are enough again. Prints what came of each.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

from signoff.errors import SignoffError

from ..life import Fact, Life, take, tell
from .limits import leave


def starve(step: Callable[[], list[Fact]], spare: int) -> bool:
    """Take a step while only so many more files may be open; whether that was enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    leave(spare)
    try:
        facts = step()
    except (SignoffError, OSError) as error:
        if isinstance(error, OSError) and "/world/" not in str(error):  # the other side's
            raise
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        tell(step=step.__name__, failed=type(error).__name__, text=str(error))
        return False
    except BaseException as error:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        tell(step=step.__name__, wrong=repr(error))
        raise
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    tell(step=step.__name__, facts=facts)
    return True


def main(folder: Path, spare: int) -> None:
    """Live."""
    life = Life(folder)
    for step in life.steps():
        if step.__name__ == "edit_the_file" or not starve(step, spare):
            take(step, 1, life.clock)
    tell(step="end", facts=[])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
