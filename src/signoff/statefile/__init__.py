"""The state file: the face of the database that people open, read with ``jq``, copy and edit.

* `document`: what it says.
* `edits`: what it brings when somebody has changed it, or copied a backup over it.
* `file`: when it is read and written.
"""

from .file import StateFile

__all__ = ["StateFile"]
