"""Everything signoff raises on purpose.

SignoffError
├── InvalidMessage (ValueError)     a message that cannot be stored: too long, NUL, not JSON, no text …
│   └── InvalidType (TypeError)     … or of a type that is no message at all
├── ConfigError (ValueError)        a setting of the wrong type or out of range, or a key that has a method of its own
├── NotFound (LookupError)          no such message
├── Decision                        a decision that cannot be taken
│   ├── IllegalMove                 the lifecycle has no such move
│   ├── InFlight                    it is being sent at this moment
│   ├── NotSendable                 it has no recipient or no text
│   └── StaleVersion                someone decided, or the text changed, in the meantime
├── GatewayError                    the gateway cannot be used as it is set up
├── AssistantError                  an assistant could not be loaded or failed
├── StateFileError                  a state file or backup that cannot be read or written
└── StoreError                      the database
    ├── StoreBusy                   another process held it for longer than busy_timeout
    ├── StoreCorrupt                the database is damaged, or is no database
    ├── StoreFull                   the disk is full or failed while writing; nothing was changed
    ├── StoreReplaced               the database file was replaced or removed under a running process
    ├── StoreTooNew                 it was written by a newer version of signoff
    └── StoreUnavailable            it cannot be opened: read-only, no permission, a network file system
"""


class SignoffError(Exception):
    """Base of all errors that signoff raises on purpose."""


class InvalidMessage(SignoffError, ValueError):
    """A message, id or text that cannot be stored; nothing was changed."""


class InvalidType(InvalidMessage, TypeError):
    """A value of a type that cannot be used here; nothing was changed."""


class ConfigError(SignoffError, ValueError):
    """A setting that is not allowed: names the key, the value and what is allowed."""


class NotFound(SignoffError, LookupError):
    """There is no such message."""


class Decision(SignoffError):
    """A decision about a message that cannot be taken; nothing was changed."""


class IllegalMove(Decision):
    """The lifecycle has no such move."""


class InFlight(Decision):
    """The message is being sent at this moment; its outcome comes first."""


class NotSendable(Decision):
    """The message has no recipient or no text, so there is nothing to approve."""


class StaleVersion(Decision):
    """Someone decided, or the text changed, since the version that this decision was about."""


class GatewayError(SignoffError):
    """The gateway cannot be used as it is set up."""


class AssistantError(SignoffError):
    """An assistant could not be loaded, or failed."""


class StateFileError(SignoffError):
    """A state file, export or backup could not be read or written."""


class StoreError(SignoffError):
    """The database could not do what was asked; nothing was changed, or it says how far a restore has come."""


class StoreBusy(StoreError):
    """Another process held the database for longer than busy_timeout."""


class StoreCorrupt(StoreError):
    """The database is damaged, or the file is no database of signoff's."""


class StoreFull(StoreError):
    """The disk is full or failed while writing; nothing of the call was kept."""


class StoreReplaced(StoreError):
    """The database file was replaced or removed under a running process."""


class StoreTooNew(StoreError):
    """The database was written by a newer version of signoff; it was left untouched."""


class StoreUnavailable(StoreError):
    """The database cannot be opened: missing folder, no permission, read-only, a network file system."""
