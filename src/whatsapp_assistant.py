"""The assistant that guide.md integrates with, under the name that scripts import."""

from signoff.classic import WhatsAppAssistant

__all__ = ["WhatsAppAssistant"]
