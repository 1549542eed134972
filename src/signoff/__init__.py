"""signoff keeps the state of a WhatsApp automation and lets nothing out without sign-off."""

from .errors import SignoffError
from .lifecycle import MessageStatus
from .state import StateManager

__all__ = ["MessageStatus", "SignoffError", "StateManager"]

__version__ = "0.1.0"
