"""Replay: a chat exported from a phone plays the other side's messages in again."""

from .chat import Chat, ChatMessage, SystemLine, UnreadableLine, parse
from .export import Export, chats_of
from .files import read_export
from .play import DOMAIN, Replay, conversations, incoming
from .rehearsal import Rehearsal
from .report import Exchange, Report, report_of, similarity
from .script import Script

__all__ = [
    "DOMAIN",
    "Chat",
    "ChatMessage",
    "Exchange",
    "Export",
    "Rehearsal",
    "Replay",
    "Report",
    "Script",
    "SystemLine",
    "UnreadableLine",
    "chats_of",
    "conversations",
    "incoming",
    "parse",
    "read_export",
    "report_of",
    "similarity",
]
