"""What the view looks like, compared with pictures that were looked at and approved.

After a wanted change: ``pytest tests/tui/test_view_pictures.py --snapshot-update``, then look at
the files in ``__snapshots__`` (SVG, whatever ending the plugin gives them).
"""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from view_play import play
from view_sample import NOW_NS, Sent, make_app, state

from genesis.messages.view import GateLine
from genesis.tui.app import GenesisApp
from genesis.tui.slot import Slot
from genesis.tui.theme import STYLES, THEME

SIZES = [(80, 24), (120, 40)]
NAMES = ["80x24", "120x40"]


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_trading(snap_compare, size) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(make_app(state())[0], terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_halted_with_stale_and_lost_books(snap_compare, size) -> None:  # type: ignore
    view = state()
    lost = replace(view.books[0], synced=False)
    stale = replace(view.books[1], data_time_ns=NOW_NS - 5_230_000_000)
    gate = GateLine("HALTED", "risk was restarted six times within a minute", True)
    halted = replace(view, books=(lost, stale), gate=gate, orders=())
    assert snap_compare(make_app(halted)[0], press=["tab", "tab"], terminal_size=size)


def test_a_picture_names_no_address_and_has_no_red() -> None:
    svgs: list[str] = []

    async def scene(app: GenesisApp, slot: Slot, sent: Sent, pilot: Pilot[None]) -> None:
        svgs.append(app.export_screenshot())

    play(state(), scene)
    (svg,) = svgs
    assert "501.7321" in svg
    assert set(re.findall(r"https?://[^\"' )]+", svg)) <= {
        "http://www.w3.org/2000/svg",
        "https://www.textualize.io",
    }
    assert "@font-face" not in svg
    assert not [color for color in re.findall(r"#[0-9a-fA-F]{6}", svg) if is_red(color)]


def is_red(color: str) -> bool:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red > 100 and red > 1.6 * max(green, blue)


def test_no_tone_is_red_and_none_blinks() -> None:
    for style in STYLES.values():
        assert not style.blink
        for color in (style.color, style.bgcolor):
            assert color is not None
            assert not is_red(color.get_truecolor().hex)
    assert not any(is_red(color) for color in (THEME.error or "", THEME.warning or ""))
    assert is_red("#ba3c5b")  # Textual's own error color, which the theme must replace
