"""The state file: the face of the database that people open, read with ``jq``, copy and edit.

* `document`: what it says.
* `edits`: what it brings when somebody has changed it, or copied a backup over it.
* `exchange`: taking that up into the store, and writing backups.
* `file`: reading and replacing it so that nobody's change is lost.
* `writer`: when it is read and written.
"""
