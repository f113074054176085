"""The look: one calm theme and the few tones of text. No red, and nothing that blinks.

State is told by words, position and brightness; colour only repeats what a sign already says
(blue for a gain, amber for a loss), so the view reads the same without any colour.
"""

from __future__ import annotations

from typing import Literal

from rich.style import Style
from textual.theme import Theme

Tone = Literal[
    "plain",
    "dim",
    "bright",
    "gain",
    "loss",
    "curve",
    "curve-full",
    "head",
    "head-dim",
    "head-bright",
    "alert",
]

Line = tuple[tuple[str, Tone], ...]
"""One row of text as spans of (text, tone); equal lines need no repaint."""

GROUND = "#14181d"
BAND = "#1f262e"
BAND_FOCUSED = "#2d3945"
ALERT = "#46525f"
AREA = "#4a6580"

THEME = Theme(
    name="genesis",
    primary="#86a9cc",
    secondary="#6d87a1",
    accent="#a9b8c6",
    warning="#d2b27c",
    error="#d2b27c",
    success="#86a9cc",
    foreground="#c3cad2",
    background=GROUND,
    surface=GROUND,
    panel=BAND,
    variables={
        "input-cursor-background": "#a9b8c6",
        "input-cursor-foreground": GROUND,
        "input-cursor-text-style": "none",
    },
)

STYLES: dict[Tone, Style] = {
    "plain": Style(color="#c3cad2", bgcolor=GROUND),
    "dim": Style(color="#7f8b98", bgcolor=GROUND),
    "bright": Style(color="#f1f4f7", bgcolor=GROUND, bold=True),
    "gain": Style(color="#8db9e6", bgcolor=GROUND),
    "loss": Style(color="#d9b87f", bgcolor=GROUND),
    "curve": Style(color=AREA, bgcolor=GROUND),
    "curve-full": Style(color=AREA, bgcolor=AREA),
    "head": Style(color="#a9b8c6", bgcolor=BAND, bold=True),
    "head-dim": Style(color="#8793a0", bgcolor=BAND),
    "head-bright": Style(color="#f1f4f7", bgcolor=BAND, bold=True),
    "alert": Style(color="#ffffff", bgcolor=ALERT, bold=True),
}

FOCUSED = Style(bgcolor=BAND_FOCUSED)
"""Laid over the heading of the list that has the keyboard."""
