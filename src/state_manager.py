"""The state manager that guide.md describes, under the name that scripts import."""

from signoff import MessageStatus, StateManager

__all__ = ["MessageStatus", "StateManager"]
