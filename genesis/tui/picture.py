"""Draw the view as an SVG without a terminal. It fetches nothing and names no address."""

from __future__ import annotations

import re

from textual.app import App

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


async def draw(app: App[None], columns: int, rows: int) -> str:
    """Run ``app`` without a terminal at a size and return its first full screen as SVG."""
    async with app.run_test(size=(columns, rows)) as pilot:
        await pilot.pause()
        return app.export_screenshot()
