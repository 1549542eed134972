"""The methods of the whole state: reading, copying and bringing back all of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StateFileError
from ..model import JsonObject, check_file, check_path
from ..statefile.document import whole
from .base import Base

if TYPE_CHECKING:
    from ..statefile.exchange import Exchange


class WholeMethods(Base):
    """The complete state."""

    def get_full_state(self) -> JsonObject:
        """The complete state as the state file shows it, with all messages and not only the newest."""
        return self.store.view(self.account, whole)

    def export_state(self, output_file: str | os.PathLike[str]) -> None:
        """Write the complete state to a file; missing folders are made, an existing file is replaced at the end.

        Raises:
            StateFileError: it could not be written.
        """
        target = check_file(output_file, "output_file")
        if os.path.realpath(target) in map(os.path.realpath, (self._path, self.store.database.path)):
            raise StateFileError(f"{target} is a file of this state itself: choose another name to export to")
        self._exchange().export(target)

    def backup_state(self) -> str:
        """Write the complete state to ``whatsapp_state_backup_YYYYMMDD_HHMMSS.json`` beside the state file.

        Returns:
            Its name, with its folder if that is not the present one.

        Raises:
            StateFileError: it could not be written.
        """
        return _shown(self._exchange().backup())

    def restore_state(self, file: str | os.PathLike[str]) -> str:
        """Bring back what a backup holds; the present state is backed up before, and nothing becomes sendable.

        Settings and session come back, unknown messages are taken in, cleared ones are shown again as they stand now.
        The file is read to its end before anything is changed, in little memory. Then its messages come in some at a
        time, so that others write meanwhile and see the lists grow; settings and session come last. What is stopped in
        the middle goes on with the rest when the same file is restored again.

        Returns:
            The path of the backup of the state as it was before.

        Raises:
            StateFileError: ``file`` cannot be read; nothing was changed.
            StoreError: the database could not; it says if some of the messages were taken in by then.
        """
        saved = self._exchange().restore_file(check_path(file, "file"))
        self._changed()
        return _shown(saved)

    def check(self) -> list[str]:
        """Verify the whole store; what is wrong, in words, or nothing."""
        return self.store.check()

    def refresh(self) -> None:
        """Take up what was changed in the state file, and have it written if it is behind."""
        self._look()
        self._changed()

    def _exchange(self) -> Exchange:
        try:
            from ..statefile.exchange import Exchange
        except (OSError, ImportError) as error:
            raise StateFileError(f"{self._path} cannot be copied or restored ({error}): try again") from error

        return Exchange(self._path, self.store, self.account, self.clock)


def _shown(path: Path) -> str:
    return path.name if path.parent == Path.cwd() else str(path)
