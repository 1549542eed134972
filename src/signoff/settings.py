"""Settings: the known keys with their types, ranges and defaults. Unknown keys are the user's own and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from .errors import ConfigError, InvalidMessage
from .model import MAX_ID_BYTES, check_text, short, to_json

RECORD_LISTS = ("message_log", "incoming_messages", "pending_replies", "generated_replies")
"""The lists of the state file that the sender, the watcher and the assistant keep."""
OWNED_KEYS = {
    "session": "update_session_status() or mark_session_invalid()",
    "account_info": "update_session_status(authenticated, account_info)",
    "messages": "add_message() and move_message()",
    "statistics": "reset_statistics()",
    "metadata": "nothing: signoff writes it",
    "message_log": "WhatsAppSender.send_message()",
    "incoming_messages": "add_message()",
    "pending_replies": "add_message()",
    "generated_replies": "WhatsAppAssistant.generate_response()",
}
"""Top-level keys of the state that are no settings, and what changes them instead."""


class Setting(NamedTuple):
    """One known setting: its path (``retry_config.max_retries``), default, what is allowed, and what it does."""

    path: str
    default: Any
    allowed: str
    check: Callable[[Any], bool]
    explain: str


def _boolean(path: str, default: bool, explain: str) -> Setting:
    return Setting(path, default, "true or false", lambda value: isinstance(value, bool), explain)


def _number(path: str, default: float, low: float, high: float, explain: str) -> Setting:
    def check(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high

    return Setting(path, default, f"a number from {low:g} to {high:g}", check, explain)


def _whole(path: str, default: int, low: int, high: int, explain: str) -> Setting:
    def check(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return Setting(path, default, f"a whole number from {low} to {high}", check, explain)


def _text(path: str, default: str, explain: str) -> Setting:
    return Setting(path, default, "a text", lambda value: isinstance(value, str) and bool(value), explain)


def _optional(path: str, explain: str) -> Setting:
    return Setting(path, "", "a text, or an empty one", lambda value: isinstance(value, str), explain)


KNOWN = [
    _text("api_endpoint", "http://localhost:3000/api/whatsapp", "the Node backend; read when signoff run starts"),
    _boolean("human_in_the_loop", False, "whether a person decides about every message before it leaves"),
    _number("watcher_config.poll_interval_seconds", 5, 0.05, 86_400, "how often the watcher looks for messages"),
    _boolean("watcher_config.auto_reply_enabled", True, "whether drafts are made for incoming messages"),
    _boolean("watcher_config.process_group_messages", False, "whether messages in groups get drafts"),
    _whole("watcher_config.max_messages_per_poll", 10, 1, 10_000, "how many messages one round takes"),
    _whole("retry_config.max_retries", 3, 0, 100, "how often a passing refusal is tried again"),
    _number("retry_config.retry_delay_seconds", 2, 0, 86_400, "the wait before the first retry"),
    _boolean("retry_config.exponential_backoff", True, "whether each wait is twice the one before"),
    _number("approval_config.wait_seconds", 300, 0, 604_800, "how long send_message waits for a decision"),
    _number("approval_config.undo_seconds", 0, 0, 86_400, "how long an approval can be taken back before it is sent"),
    _number("approval_config.expire_hours", 0, 0, 8_760, "after how long an undecided draft expires; 0 is never"),
    _number("pacing_config.min_seconds", 0, 0, 3_600, "the least time between two messages that are sent"),
    _number("retention_config.days", 0, 0, 36_500, "after how long texts are cleared from the lists; 0 is never"),
    Setting(
        "llm_config.protocol",
        "auto",
        "'auto', 'openai' or 'anthropic'",
        lambda value: isinstance(value, str) and value in ("auto", "openai", "anthropic"),
        "how the model is spoken to; auto: anthropic where ANTHROPIC_API_KEY is set, else openai",
    ),
    _optional("llm_config.endpoint", "the address of the model's API; empty: the provider's own"),
    _optional("llm_config.model", "which model; empty: a small Claude with anthropic, with openai one must be named"),
    _optional("llm_config.key_file", "a file, readable by its owner alone, that holds the API key"),
    _optional("llm_config.instructions_file", "a text or Markdown file: the house's own words to the model"),
    _optional("llm_config.knowledge_folder", "a folder of Markdown files: what the model knows of the house"),
    _whole("llm_config.context_tokens", 6_000, 1_000, 1_000_000, "how many tokens a prompt may have, as estimated"),
    _whole("llm_config.max_tokens", 1_000, 16, 100_000, "how many tokens an answer may have"),
    _number("llm_config.timeout_seconds", 60, 1, 100, "how long an answer may take, with all its tries"),
    _whole("llm_config.max_retries", 2, 0, 10, "how often a passing failure of the model is tried again"),
    _whole("llm_config.requests_per_minute", 30, 1, 10_000, "how often the model is asked in a minute at most"),
    _number("llm_config.input_price", 0, 0, 10_000, "US dollars for a million tokens read; shows the cost of a draft"),
    _number("llm_config.output_price", 0, 0, 10_000, "US dollars for a million tokens written"),
    Setting(
        "approval_config.rules",
        [],
        "a list of rules, each a dict with 'name' and 'chats'",
        lambda value: isinstance(value, list),
        "rules under which a draft is approved without a person; see docs/concepts.md",
    ),
]
"""The known settings, in the order in which the state file shows them."""

_BY_PATH = {setting.path: setting for setting in KNOWN}
_GROUPS = {setting.path.split(".")[0] for setting in KNOWN if "." in setting.path}


def defaults() -> dict[str, Any]:
    """All known settings with their default values, nested as in the state file."""
    return {key: default(key) for key in _tree()}


def default(key: str) -> Any:
    """The default value of a setting, or of a group of them as a dict; None for an unknown key."""
    value = _tree().get(key)
    return {leaf: _copied(each) for leaf, each in value.items()} if isinstance(value, dict) else _copied(value)


@cache
def _tree() -> dict[str, Any]:
    result: dict[str, Any] = {}
    for setting in KNOWN:
        group, _, leaf = setting.path.partition(".")
        if leaf:
            result.setdefault(group, {})[leaf] = setting.default
        else:
            result[group] = setting.default
    return result


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def check_key(key: object) -> str:
    """Give the key of a setting back if it can be one.

    Raises:
        ConfigError: it is no text, empty, too long, or holds NUL or lone surrogates.
    """
    try:
        text = check_text(key, "a setting's key")
    except InvalidMessage as error:
        raise ConfigError(str(error)) from None
    if not 0 < len(text.encode()) <= MAX_ID_BYTES:
        raise ConfigError(f"a setting's key has from 1 to {MAX_ID_BYTES} bytes; got {len(text.encode())}")
    return text


def check_settable(key: object) -> str:
    """Give the key of a setting back if it is not one of the keys that a method of their own changes.

    Raises:
        ConfigError: it is, or it can be no key.
    """
    text = check_key(key)
    if text in OWNED_KEYS:
        raise ConfigError(f"{text!r} is no setting: it is changed by {OWNED_KEYS[text]}")
    return text


def check(key: str, value: Any) -> None:
    """Refuse a value that a known setting cannot have, and keys that are no settings.

    Raises:
        ConfigError: it names the key, the value and what is allowed.
    """
    check_settable(key)
    _check_storable(key, value)
    if key in _GROUPS:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{key} = {short(value)}: allowed is a dict such as {default(key)!r}")
        for leaf, inner in value.items():
            _check_leaf(f"{key}.{leaf}", inner)
    elif "." not in key:
        _check_leaf(key, value)


def _check_storable(key: str, value: Any) -> None:
    try:
        to_json(value, key)
    except InvalidMessage as error:
        raise ConfigError(str(error)) from None


def _check_leaf(path: str, value: Any) -> None:
    setting = _BY_PATH.get(path)
    if setting and not setting.check(value):
        raise ConfigError(f"{path} = {short(value)}: allowed is {setting.allowed}")


def merge(old: Any, new: Any) -> Any:
    """``new`` laid over ``old``: nested dicts are merged key by key, everything else is replaced."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return new
    return {**old, **{key: merge(old.get(key), value) for key, value in new.items()}}


def with_defaults(stored: Mapping[str, Any]) -> dict[str, Any]:
    """All settings as the state shows them: what was set, laid over the defaults."""
    result: dict[str, Any] = merge(defaults(), stored)
    return result
