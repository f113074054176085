"""What a picture of the screen must not have: addresses that a reader would call, and red."""

from __future__ import annotations

import re

_FONT_FACE = re.compile(r"\s*@font-face\s*\{.*?\}", re.DOTALL)
_WINDOW_BUTTONS = re.compile(r'<g transform="translate\(26,22\)">.*?</g>', re.DOTALL)


def scrub(svg: str) -> str:
    """Take out what a picture in a repository should not have.

    Font addresses would make every reader's browser call a third party (the local monospace font
    serves); the decorative window buttons are drawn in red.
    """
    svg = _WINDOW_BUTTONS.sub("", _FONT_FACE.sub("", svg))
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: monospace")
    # Some renderers trim the no-break spaces that columns are aligned with, unless told not to.
    return svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
