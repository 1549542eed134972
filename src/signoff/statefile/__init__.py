"""The state file: the face of the database that people open, read with ``jq``, copy and edit.

* `document`: what it says.
* `edits`: what it brings when somebody has changed it, or copied a backup over it.
* `exchange`: taking that up into the store, and writing backups.
* `file`: reading and replacing it so that nobody's change is lost.
* `writer`: when it is read and written.
"""

from __future__ import annotations

import sys


def warn(text: str) -> None:
    """Log a warning. The import stands here because it would cost every start more than it is worth."""
    readable = text.encode(errors="backslashreplace").decode()
    try:
        import logging
    except (OSError, ImportError):  # too many files are open
        sys.stderr.write(readable + "\n")
    else:
        logging.getLogger("signoff.statefile").warning("%s", readable)
