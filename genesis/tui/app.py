"""The operator's screen: look at the slot, repaint what changed, hand typed commands over.

It never calls into an actor and never waits for one; all it knows is the slot and ``send``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.actions import SkipAction
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Event, Key, Paste, Resize

from genesis.messages.base import Control
from genesis.messages.view import ViewState
from genesis.tui import sections, tables
from genesis.tui.commands import KNOWN, Outcome, Prompt, nothing_to_resume
from genesis.tui.driver import TerminalDriver
from genesis.tui.picture import scrub
from genesis.tui.slot import Slot
from genesis.tui.text import file_clock
from genesis.tui.theme import THEME
from genesis.tui.widgets.command import CommandLine
from genesis.tui.widgets.lines import Lines
from genesis.tui.widgets.notes import Notes
from genesis.tui.widgets.table import Table, count

READ_INTERVAL_S = 0.1
QUIET_AFTER_S = 3
"""From how long without a new state the heading says that nothing new comes."""
STALE_AFTER_MS = 2_000
MIN_COLUMNS, MIN_ROWS = 80, 24


class GenesisApp(App[None]):
    """The terminal view of one daemon.

    ``send`` is called on the app's thread and must return at once (tell, never ask).
    ``stale_after_ms`` is the age from which a book is called stale: give it risk's own limit.
    ``read_interval_s`` None: the slot is looked at on start and by explicit ``look`` calls only.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "view.tcss"
    TITLE = "GENESIS"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 (Textual's own type)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-tall")]  # noqa: RUF012
    # All keys are the command line's; Textual's own ctrl+q would overtake a halt typed before it.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", show=False)]

    def __init__(
        self,
        slot: Slot,
        send: Callable[[Control], None],
        *,
        stale_after_ms: int = STALE_AFTER_MS,
        read_interval_s: float | None = READ_INTERVAL_S,
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._slot = slot
        self._send = send
        self._stale_after_ns = stale_after_ms * 1_000_000
        self._read_interval_s = read_interval_s
        self._shown: ViewState | None = None
        self._looks_without_news = 0
        self._small = False
        self._prompt = Prompt()
        self._heading = Lines(id="heading")
        self._trading = Lines(id="trading")
        self._account = Lines(id="account")
        self._positions = Table("POSITIONS", tables.POSITIONS, "none", id="positions")
        self._books = Table("BOOKS", tables.BOOKS, "none yet", id="books")
        self._orders = Table("OPEN ORDERS", tables.ORDERS, "none open", id="orders")
        self._fills = Table("FILLS", tables.FILLS, "none yet in this run", id="fills")
        self._actors = Table("ACTORS", tables.ACTORS, "none known yet", id="actors")
        self._notes = Notes("NOTES", tables.note_rows, "nothing to tell", id="notes")
        self._message = Lines(id="message")
        self._prompt_sign = Lines(id="prompt")
        self._lists = (
            self._positions,
            self._books,
            self._orders,
            self._fills,
            self._actors,
            self._notes,
        )
        self._chosen: Table[Any] | None = None
        self._command = CommandLine(self._enter, self._say, KNOWN, id="command")

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._trading
        with Horizontal(id="top"):
            yield self._account
            with Vertical(id="market"):
                yield self._positions
                yield self._books
        yield self._orders
        yield self._fills
        with Horizontal(id="bottom"):
            yield self._actors
            yield self._notes
        yield self._message
        with Horizontal(id="entry"):
            yield self._prompt_sign
            yield self._command

    def on_mount(self) -> None:
        self.register_theme(THEME)
        self.theme = THEME.name
        self._command.cursor_blink = False
        self._command.focus()
        self._account.show(partial(sections.account, None))
        self._prompt_sign.show(lambda width, height: [(("> ", "head-bright"),)])
        self._show_heading()
        self.look()
        if self._read_interval_s is not None:
            self.set_interval(self._read_interval_s, self.look)

    def on_resize(self, event: Resize) -> None:
        was_small, self._small = self._small, event.size.width < MIN_COLUMNS
        self._small |= event.size.height < MIN_ROWS
        if self._small:
            self._say(f"The view is made for {MIN_COLUMNS}x{MIN_ROWS} and more; some is left out.")
        elif was_small:
            self._say("")

    def look(self) -> None:
        """Look at the slot once and repaint what changed since the last look."""
        if self._slot.closed:
            self.exit()
            return
        answers = self._slot.drain()
        if answers:
            texts = [a.text if a.accepted else f"Not done: {a.text}" for a in answers]
            # Where not all fit, the newest is the one that matters.
            while len(texts) > 1 and len(" · ".join(texts)) > self._message.size.width:
                del texts[0]
            self._say(" · ".join(texts))
        state = self._slot.get()
        if state is None or state is self._shown:
            self._count_quiet()
            return
        self._looks_without_news = 0
        before, self._shown = self._shown, state
        self._show_heading()
        self._show(before, state)

    def _count_quiet(self) -> None:
        """Say when the screen has stood still for long: its figures may be old."""
        if self._shown is None or self._shown.ended:
            return
        self._looks_without_news += 1
        if self._quiet_s:
            self._show_heading()

    @property
    def _quiet_s(self) -> int:
        seconds = int(self._looks_without_news * (self._read_interval_s or READ_INTERVAL_S))
        return seconds if seconds >= QUIET_AFTER_S else 0

    def _show_heading(self) -> None:
        state, quiet_s = self._shown, self._quiet_s
        self._heading.show(lambda width, height: sections.heading(state, quiet_s, width))

    def _show(self, before: ViewState | None, state: ViewState) -> None:
        """Give each section what is new to it; sections of a delta left out are the same object."""
        if before is None or state.gate is not before.gate or state.ended != before.ended:
            self._trading.show(lambda width, height: sections.trading(state, width))
        if state.ended and (before is None or not before.ended):
            self._say("The run has ended. These figures stay until you type quit.")
        if before is None or state.account is not before.account:
            self._account.show(partial(sections.account, state.account))
        if before is None or state.positions is not before.positions:
            self._positions.show_items(state.positions)
        # Books always: their age moves with the time.
        self._books.show_items(tables.book_rows(state.books, state.now_ns, self._stale_after_ns))
        if before is None or state.orders is not before.orders:
            newest_first = sorted(state.orders, key=lambda order: -order.time_ns)
            self._orders.show_items(newest_first, count(state.orders))
        if before is None or state.fills is not before.fills:
            self._fills.show_items(state.fills)
        if before is None or state.actors is not before.actors:
            self._actors.show_items(tables.actor_rows(state.actors), count(state.actors))
        if before is None or state.notes is not before.notes:
            self._notes.show_notes(state.notes)

    def _say(self, text: str) -> None:
        self._message.show(partial(sections.message, text))

    async def on_event(self, event: Event) -> None:
        """Whatever Textual gives the focus to, keys belong to the command line."""
        if isinstance(event, Key | Paste) and self._command.is_attached:
            self.screen.set_focus(self._command)
        await super().on_event(event)

    def _enter(self, line: str) -> None:
        # Of an old state nothing is to be concluded: the daemon itself will say.
        no_halt = "" if self._quiet_s else nothing_to_resume(self._slot.get())
        self._follow(self._prompt.enter(line, no_halt))

    def _follow(self, outcome: Outcome) -> None:
        self._say(outcome.text)
        self._command.placeholder = "" if self._prompt.asks_phrase else KNOWN
        if outcome.send is not None:
            self._send(outcome.send)
        if outcome.picture is not None:
            self._save_picture(outcome.picture)
        if outcome.leave:
            self.exit()

    def _save_picture(self, name: str) -> None:
        """The screen as it stands, as SVG."""
        shown_ns = 0 if self._shown is None else self._shown.now_ns
        path = Path(name or f"genesis-{file_clock(shown_ns)}.svg")
        try:
            path.write_text(self.export_screenshot(), encoding="utf-8")
        except OSError as error:
            self._say(f"The picture cannot be written to {path}: {error.strerror}.")
        else:
            self._say(f"Picture written to {path.absolute()}.")

    def action_command_line(self) -> None:
        """Escape: back to an empty command line; a resume that waits for its phrase is dropped."""
        self._command.value = ""
        self._choose(None)
        self._follow(self._prompt.cancel())

    def action_choose_list(self, step: int) -> None:
        """The next list, or the one before; after the last one none."""
        places: list[Table[Any] | None] = [None, *self._lists]
        self._choose(places[(places.index(self._chosen) + step) % len(places)])

    def on_table_clicked(self, event: Table.Clicked) -> None:
        self._choose(event.table)

    def _choose(self, chosen: Table[Any] | None) -> None:
        self._chosen = chosen
        for table in self._lists:
            table.choose(table is chosen)

    def action_scroll_rows(self, rows: int) -> None:
        if self._chosen is not None:
            self._chosen.scroll_by(rows)

    def action_scroll_pages(self, pages: int) -> None:
        if self._chosen is not None:
            self._chosen.scroll_by(pages=pages)

    def action_scroll_to_end(self, end: int) -> None:
        """The chosen list's first rows, or its last; in a line that is being written, not here."""
        if self._chosen is None or self._command.value:
            raise SkipAction
        self._chosen.scroll_by(pages=1000 * end)

    async def action_quit(self) -> None:
        """Ctrl-Q does what typing ``quit`` does."""
        self._follow(self._prompt.enter("quit"))

    def action_help_quit(self) -> None:
        """Ctrl-C ends nothing: a habit of the hand must not stop a trading daemon."""
        self._say("Ctrl-C ends nothing here. Type quit to end, halt to stop trading.")

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """The current screen as SVG, without font addresses."""
        return scrub(super().export_screenshot(title=title, simplify=simplify))
