"""The watcher that guide.md integrates with, under the name that scripts import."""

from signoff.classic import WhatsAppWatcher

__all__ = ["WhatsAppWatcher"]
