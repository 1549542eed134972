"""Texts that people really send, and some that only machines do."""

from __future__ import annotations

TEXTS = {
    "plain": "We open at nine.",
    "emoji": "Sim! 👋🏽 👨‍👩‍👧 ☕️ 🇵🇹",
    "right to left": "ہم نو بجے کھولتے ہیں، 9:00 - \u200fשלום\u200e",
    "many lines": "Dear Ana,\n\n  we open at nine.\n\tYours, Café Lumen\n",
    "spaces at both ends": "  nine \u00a0",
    "10 KB": "We open at nine. ☕ " * 500,
    "quotes": 'He said "nine" \\ \'nine\' <b>&amp;</b> {"text": null} %s {0} $HOME 100%',
    "line separators": "nine\u2028ten\u2029eleven\x85twelve\x0bend",
    "one sign": "9",
    "looks like a number": "007",
    "combining": "Cafe\u0301 nin\u0303a",
}
"""What a gateway is given to send, by what is special about it. signoff sends neither NUL nor lone surrogates."""

ODD_TEXTS = TEXTS | {
    "nothing": "",
    "NUL": "a\0b",
    "lone surrogate": "a\ud800b",
    "carriage returns": "nine\r\nten\rend",
    "control signs": "\x1b[2Jnine\x07\x7f",
}
"""What may come in."""
