"""Replay: a chat exported from a phone plays the other side's messages in again."""

from .chat import Chat, ChatMessage, SystemLine, parse
from .files import read_export
from .play import DOMAIN, Replay, incoming

__all__ = ["DOMAIN", "Chat", "ChatMessage", "Replay", "SystemLine", "incoming", "parse", "read_export"]
