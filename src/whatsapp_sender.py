"""The sender that guide.md integrates with, under the name that scripts import."""

from signoff.classic import WhatsAppSender

__all__ = ["WhatsAppSender"]
