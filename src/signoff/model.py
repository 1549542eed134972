"""What a message is: the guide's dict outside, a checked record inside; limits; the digest that an approval binds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .clock import local_iso
from .digest import digest_of, digest_of_parts
from .errors import InvalidMessage, InvalidType, StateFileError
from .lifecycle import MessageStatus

MAX_ID_BYTES = 512
MAX_MESSAGE_BYTES = 1 << 20
MAX_RECORD_BYTES = 4 << 20
"""The most that an entry of another component's list may have: it can hold a message and its answer."""
MAX_NESTING = 64

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

JsonObject = dict[str, Any]


class Content(NamedTuple):
    """A message as it is stored.

    Attributes:
        id: unique within its account; at most 512 bytes of UTF-8.
        payload: the guide's dict as JSON text; at most 1 MiB.
        chat: the address of the conversation: ``recipient`` of an outgoing message, ``from`` of an incoming one.
        digest: of recipient and text, for a message that has both; None for what cannot be sent.
    """

    id: str
    payload: str
    chat: str | None
    digest: str | None


def content_of(data: JsonObject) -> Content:
    """Check a message of the guide's and make its record; gives ``data`` an ``id`` when it has none.

    Raises:
        InvalidType: it is no dict, or ``id`` is no string.
        InvalidMessage: JSON cannot hold it, or it is over the limits.
    """
    if not isinstance(data, dict):
        raise InvalidType(f"a message is a dict with an 'id'; got {type(data).__name__}")
    if data.get("id") is None:
        data["id"] = os.urandom(16).hex()
    message_id = check_id(data["id"])
    payload = to_json(data, f"message {message_id!r}")
    recipient, text = data.get("recipient"), data.get("body")
    if isinstance(recipient, str) and recipient and isinstance(text, str):
        return Content(message_id, payload, recipient, digest_of(recipient, text) if text else None)
    sender = data.get("from")
    return Content(message_id, payload, sender if isinstance(sender, str) and sender else None, None)


def check_id(value: object) -> str:
    """Give the id back if it is one.

    Raises:
        InvalidType: it is no string.
        InvalidMessage: it is empty, too long, or holds NUL or lone surrogates.
    """
    if not isinstance(value, str):
        raise InvalidType(f"a message's id is a string; got {type(value).__name__} ({short(value)})")
    if not value:
        raise InvalidMessage("a message's id cannot be empty; leave it out to be given one")
    size = len(_utf8(value, "a message's id"))
    if size > MAX_ID_BYTES:
        raise InvalidMessage(f"the id {short(value)} has {size} bytes; at most {MAX_ID_BYTES} are allowed")
    return value


def check_text(value: object, what: str) -> str:
    """Give a text or name back if it can be stored.

    Raises:
        InvalidType: it is no string.
        InvalidMessage: it is too long, or holds NUL or lone surrogates.
    """
    if not isinstance(value, str):
        raise InvalidType(f"{what} is a string; got {type(value).__name__}")
    if len(_utf8(value, what)) > MAX_MESSAGE_BYTES:
        raise InvalidMessage(f"{what} is over the limit of {MAX_MESSAGE_BYTES:,} bytes")
    return value


def check_limit(value: object) -> int:
    """Give the greatest number of entries wanted back if it is one.

    Raises:
        InvalidType: it is no whole number from 0.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidType(f"a limit is a whole number from 0; got {short(value)}")
    return min(value, sys.maxsize)


def check_version(value: object) -> int | None:
    """Give the version of a text back that somebody was shown, or None for whichever it is.

    Raises:
        InvalidType: it is neither a whole number from 1 nor None.
    """
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 63):
        return value
    raise InvalidType(f"a version is a whole number from 1; got {type(value).__name__} ({short(value)})")


def check_path(value: object, what: str) -> Path:
    """Give a path back if it can be one.

    Raises:
        InvalidType: it is neither a string nor a path.
        InvalidMessage: it holds NUL or lone surrogates.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise InvalidType(f"{what} is a path; got {type(value).__name__}")
    return Path(check_text(os.fspath(value), what))


def check_file(value: object, what: str) -> Path:
    """Give a path back if it can be one of a file.

    Raises:
        InvalidType, InvalidMessage: it can be no path at all.
        StateFileError: it is a folder, a device or a pipe, a part of a database, or nowhere.
    """
    path = check_path(value, what)
    if not path.name or os.path.isdir(path):
        raise StateFileError(f"{str(path)!r} is a folder: give the path of a file in it")
    if os.path.exists(path) and not os.path.isfile(path):
        raise StateFileError(f"{str(path)!r} is a device or a pipe: give the path of a file")
    if any(os.path.isfile(base) for base in _bases(real_path(path))):
        raise StateFileError(f"{str(path)!r} belongs to the database beside it: give another name")
    return path


def real_path(path: Path) -> str:
    """Where a file really is, all links followed.

    Raises:
        StateFileError: the folder in which this process works is gone, and the path begins there.
    """
    try:
        return os.path.realpath(path)
    except OSError as error:
        raise StateFileError(f"{path} is nowhere: the folder in which this process works is gone") from error


def _bases(path: str) -> list[str]:
    """The database to which a file belongs, going by its name alone."""
    return [path.removesuffix(end) for end in ("-wal", "-shm", "-journal", ".lock") if path.endswith(end)]


def check_status(value: object) -> MessageStatus:
    """Give the status back if it is a `MessageStatus`.

    Raises:
        InvalidType: it is anything else, its name included.
    """
    if isinstance(value, MessageStatus):
        return value
    names = ", ".join(member.name for member in MessageStatus)
    raise InvalidType(f"a status is a MessageStatus ({names}); got {type(value).__name__} {short(value)}")


def to_json(value: object, what: str, limit: int = MAX_MESSAGE_BYTES) -> str:
    """Encode as JSON text, within the limits.

    Raises:
        InvalidMessage: JSON cannot hold it (a set, bytes, NaN, a circle …), or it is over the limits.
    """
    try:
        check_nesting(value, what)
        text = _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, InvalidMessage):
            raise
        raise InvalidMessage(f"{what} cannot be written as JSON: {error}") from None
    if "\\u0000" in text and "\0" in _strings(value):
        raise InvalidMessage(f"{what} holds a NUL character; remove it")
    size = len(_utf8(text, what))
    if size > limit:
        raise InvalidMessage(f"{what} has {size:,} bytes as JSON; at most {limit:,} are allowed")
    return text


def check_nesting(value: object, what: str) -> None:
    """Refuse what is nested deeper than `MAX_NESTING`, keys that are no strings, and circles.

    Raises:
        InvalidMessage: it is.
    """
    level: list[Any] = [value]
    for _ in range(MAX_NESTING):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                for key in item:
                    if not isinstance(key, str):
                        raise InvalidMessage(f"{what} has a key that is no string; JSON needs strings")
                below += [child for child in item.values() if isinstance(child, (dict, list, tuple))]
            elif isinstance(item, (list, tuple)):
                below += [child for child in item if isinstance(child, (dict, list, tuple))]
        if not below:
            return
        if len(below) > MAX_MESSAGE_BYTES // 2:  # each takes two bytes at least; a circle may double at every level
            raise InvalidMessage(f"{what} is over the limit of {MAX_MESSAGE_BYTES:,} bytes as JSON, or holds itself")
        level = below
    raise InvalidMessage(f"{what} is nested deeper than {MAX_NESTING} levels")


def shown(value: object, form: Callable[[object], str] = str) -> str:
    """Any value as text, also one that Python cannot write: nested too deeply, or a number of too many digits."""
    try:
        return form(value)
    except Exception:  # of an object of the caller's own: anything
        return f"a {type(value).__name__} that cannot be shown"


def short(value: object) -> str:
    """Any value as Python writes it, cut where it is long: to name it in an error."""
    text = shown(value, repr)
    return text if len(text) <= 60 else text[:57] + "…'"


def tidy_text(text: str, limit: int) -> tuple[str, str | None]:
    """Make any text storable: replaces NUL and lone surrogates by U+FFFD and cuts it to ``limit`` bytes of UTF-8.

    Returns the text and what was done to it, or None when it was good as it came.
    """
    clean = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    notes = ["characters replaced"] if clean != text else []
    raw = clean.encode()
    if len(raw) > limit:
        clean = raw[:limit].decode(errors="ignore")
        notes.append(f"cut from {len(raw):,} to {limit:,} bytes")
    return clean, "; ".join(notes) or None


def tidy_id(text: str) -> str:
    """Make any id storable; one that had to be changed ends with a digest of what it was, so that no two become one."""
    if tidy_text(text, MAX_ID_BYTES) == (text, None):
        return text
    return f"{tidy_text(text, MAX_ID_BYTES - 25)[0]}~{digest_of_parts(text)[:24]}"


def as_guide_dict(payload: JsonObject, status: str, moved_at: int | None) -> JsonObject:
    """The message as scripts see it: with ``status`` and ``status_updated_at`` once it has been moved."""
    if moved_at is not None:
        payload["status"] = status
        payload["status_updated_at"] = local_iso(moved_at)
    return payload


def _utf8(text: str, what: str) -> bytes:
    if "\0" in text:
        raise InvalidMessage(f"{what} holds a NUL character; remove it")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidMessage(
            f"{what} holds a lone surrogate (U+{ord(text[error.start]):04X} at {error.start}); it is no valid text"
        ) from None


def _strings(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "".join(map(_strings, value)) + "".join(map(_strings, value.values()))
    return "".join(map(_strings, value)) if isinstance(value, (list, tuple)) else ""
