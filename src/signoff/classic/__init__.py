"""The sender, assistant and watcher that scripts import today, on top of the pipeline.

They keep the interface of the components that people run. Behind it stand the same store, approvals and outbox as
behind ``signoff run``, so that nothing is asked twice, sent twice or lost.
"""

from .assistant import WhatsAppAssistant
from .sender import WhatsAppSender
from .watcher import WhatsAppWatcher

__all__ = ["WhatsAppAssistant", "WhatsAppSender", "WhatsAppWatcher"]
