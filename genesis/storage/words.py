"""Journal entries in words, one calm line each. Reads nothing but the entry."""

from __future__ import annotations

from datetime import UTC, datetime

from genesis.domain.money import text
from genesis.messages import journal as events
from genesis.messages.journal import AnyEvent, Entry


def line(entry: Entry) -> str:
    """``2024-08-08 12:00:01.123  #142  executor  OrderFilled  ...``; trading time in UTC."""
    seconds, rest_ns = divmod(entry.time_ns, 1_000_000_000)
    at = datetime.fromtimestamp(seconds, UTC)
    kind = type(entry.event).__name__
    when = f"{at:%Y-%m-%d %H:%M:%S}.{rest_ns // 1_000_000:03d}"
    start = f"{when}  #{entry.seq:<6} {entry.source:<12} {kind:<14}"
    return f"{start} {describe(entry.event)}".rstrip()


def describe(event: AnyEvent) -> str:
    """What an event says, in words, on one line whatever texts it carries."""
    words = " ".join(_words(event).split())
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def _words(event: AnyEvent) -> str:
    match event:
        case events.OrderIntended() as e:
            at = e.type.value if e.price is None else f"{e.type} at {text(e.price)}"
            order = f"{e.side} {text(e.quantity)} {e.symbol} {at} {e.time_in_force}"
            return f"{e.client_order_id} {order} ({e.strategy}: {e.reason})"
        case events.OrderSent() as e:
            return e.client_order_id
        case events.OrderMoved() as e:
            return f"{e.client_order_id} {e.status} {e.reason}"
        case events.OrderFilled() as e:
            fee = f"fee {text(e.fee)} {e.fee_asset} {'maker' if e.maker else 'taker'}"
            deal = f"{e.side} {text(e.quantity)} {e.symbol} at {text(e.price)}"
            return f"{deal} {fee} {e.client_order_id} {e.status}"
        case events.IntentRefused() as e:
            wanted = f"{e.strategy} {e.side} {text(e.quantity)} {e.symbol}"
            return f"{wanted} refused by {e.limit}: {e.value} against {e.compared_with}"
        case events.EquityMarked() as e:
            parts = f"cash {text(e.cash)} inventory {text(e.inventory)} fees {text(e.fees)}"
            return f"equity {text(e.equity)} {parts}"
        case events.AccountOpened() as e:
            return f"{text(e.amount)} {e.asset}"
        case _:
            return _words_of_the_daemon(event)


def _words_of_the_daemon(event: AnyEvent) -> str:
    match event:
        case events.RunStarted() as e:
            what = f"{e.market} {','.join(e.symbols)} {','.join(e.strategies)}"
            return f"run {e.run} of GENESIS {e.version} on {what}"
        case events.RunEnded() as e:
            return f"run {e.run}: {e.reason}"
        case events.Halted() as e:
            return f"by {e.source}: {e.reason}"
        case events.HaltProven() as e:
            return f"no open order at the venue, {e.canceled} cancelled"
        case events.Resumed() as e:
            return e.reason
        case events.GateMoved() as e:
            return f"{e.state} {e.reason}"
        case events.Reconciled() as e:
            return f"{e.cause}: {'; '.join(e.differences) or 'no differences'}"
        case events.ActorRestarted() as e:
            return f"{e.name} is incarnation {e.epoch} ({e.cause}: {e.reason})"
        case events.DeadLettered() as e:
            return f"{e.name} (incarnation {e.epoch}) {e.message}: {e.reason}"
        case events.BookLost() as e:
            return f"{e.symbol}: {e.reason}"
        case events.BookRecovered() as e:
            return f"{e.symbol} at update {e.update_id}"
        case _:
            return ""
