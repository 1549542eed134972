"""The script of the demo: an afternoon at a small café that also ships its coffee."""

from __future__ import annotations

from .script import Turn

_LUCIA = "15550100111@c.us"
_ALI = "15550100112@c.us"
_NOUR = "90000000000113@lid"
_BOB = "15550100114@c.us"
_GROUP = "120363000000000115@g.us"

DEMO_SCRIPT: tuple[Turn, ...] = (
    Turn(_LUCIA, "Hi! 👋🏽 What are your opening hours on Saturday?", "Lucía Fuentes 🌻"),
    Turn(_ALI, "السلام علیکم، کیا آپ گھر پر ڈیلیوری کرتے ہیں؟", "علی رضا", after=0.6),
    Turn("status@broadcast", "Fresh croissants on my table 🥐", "Bob", after=0.4, sender=_BOB),
    Turn(_NOUR, "Do you deliver to the harbour, and how long does delivery take?", "نور", after=0.8),
    Turn(_GROUP, "Who is in for coffee at three?", "Bob", after=0.3, sender=_BOB),
    Turn(_BOB, "How much is a bag of the house blend? What are your prices?", "Bob", after=0.7),
    Turn(_LUCIA, "Perfect, thank you! Can I return a grinder if it does not fit? ☕", "Lucía Fuentes 🌻", 0.8, True),
    Turn(_NOUR, "", "نور", after=0.5, kind="image", has_media=True),
    Turn(_ALI, "Can I return a bag of coffee that I have not opened?", "علی رضا", after=0.9),
    Turn(_BOB, "My grandmother would like to sing at your café on Friday. Whom do I ask?", "Bob", 0.8, True),
    Turn(_NOUR, "¿Cuánto cuesta el envío a domicilio?", "نور", after=0.6),
)
"""Eleven turns of four contacts: answerable questions, two that only a person can answer, a picture without a word, a
status post and a group. All names and numbers are invented."""
