"""``genesis data check``: by example, and the real recordings against plain dicts."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from frames import combined, diff, line, snapshot, ticker, trade

from genesis.errors import BadFrame
from genesis.exchange.check import check, check_json

TIME = 1723161253937085768
BIDS, ASKS = [("100.01", "1"), ("100.00", "2")], [("100.02", "3"), ("100.03", "4")]
STORY = [
    combined(diff(9, 10, [("100.01", "1")], [])),
    snapshot(10, BIDS, ASKS),
    combined(diff(11, 12, [("100.01", "1.5")], [])),
    combined(ticker(12, "100.01", "1.5", "100.02", "3")),
    combined(trade("100.02", "0.25")),
    combined(diff(13, 13, [], [("100.02", "0")])),
    combined(ticker(13, "100.01", "1.5", "100.02", "3")),  # wrong: that ask is gone
    combined(diff(15, 15, [], [])),  # 14 is missing
    snapshot(14, BIDS, ASKS),
    combined(trade("100.02", "0.75", id_=6)),
    combined(diff(16, 16, [("100.02", "1")], [])),  # crosses
]


def test_every_loss_and_recovery_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "btc"
    path.write_bytes(b"".join(line(TIME + i, body) for i, body in enumerate(STORY)))
    answer = json.loads(check_json([path]))
    expected = {
        "frames": 11,
        "depth_diffs": 5,
        "trades": 2,
        "book_tickers": 2,
        "snapshots": 2,
        "gaps": 1,
        "crossed": 1,
        "resyncs": 1,
        "ticker_checked": 2,
        "ticker_mismatch": 1,
        "best_bid": None,
        "best_ask": None,
        "bid_levels": 0,
        "ask_levels": 0,
        "last_update_id": 0,
        "traded_base": "1.00000000",
        "ignored_trades": 0,
        "repeated_trades": 0,
    }
    assert answer == expected
    assert list(answer) == list(expected)


def test_a_clean_story_ends_with_its_best_prices(tmp_path: Path) -> None:
    path = tmp_path / "btc"
    path.write_bytes(b"".join(line(TIME + i, body) for i, body in enumerate(STORY[:6])))
    answer = json.loads(check_json([path]))
    assert (answer["best_bid"], answer["best_ask"]) == ("100.01", "100.03")
    assert (answer["gaps"], answer["resyncs"], answer["last_update_id"]) == (0, 0, 13)


def test_trades_of_the_stream_that_does_not_count_are_told(tmp_path: Path) -> None:
    first, other = tmp_path / "trades", tmp_path / "aggregates"
    both = (trade("100.02", "0.25"), trade("100.02", "0.75", id_=6))
    first.write_bytes(b"".join(line(TIME + i, combined(body)) for i, body in enumerate(both)))
    aggregates = [body | {"e": "aggTrade", "a": n} for n, body in enumerate(both)]
    aggregates.append(aggregates[1] | {"a": 2, "note": [1]})  # not for the kernel
    other.write_bytes(b"".join(line(TIME + i, combined(body)) for i, body in enumerate(aggregates)))
    answer = json.loads(check_json([first, other]))
    assert (answer["frames"], answer["trades"], answer["ignored_trades"]) == (5, 2, 3)
    assert answer["traded_base"] == "1.00000000"


def test_trades_that_come_again_in_a_file_that_overlaps_are_told(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    bodies = [combined(trade("100.02", "0.25", id_=number)) for number in range(6)]
    one.write_bytes(b"".join(line(TIME + i, body) for i, body in enumerate(bodies[:4])))
    two.write_bytes(b"".join(line(TIME + i, body) for i, body in enumerate(bodies[2:], 2)))
    answer = json.loads(check_json([one, two]))
    assert (answer["trades"], answer["repeated_trades"]) == (8, 2)
    assert json.loads(check_json([one]))["repeated_trades"] == 0


def test_several_symbols_stand_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "both"
    path.write_bytes(
        line(TIME + 1, combined(trade("1.01", "1")))
        + line(TIME + 2, combined(trade("2", "1", symbol="ETHBTC")))
    )
    answer = json.loads(check_json([path]))
    assert answer["frames"] == 2
    assert {symbol: part["frames"] for symbol, part in answer["symbols"].items()} == {
        "BTCUSDT": 1,
        "ETHBTC": 1,
    }


def test_a_stray_price_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "stray"
    bodies = [combined(trade(f"100.{i}", "1")) for i in range(10, 60)]
    bodies.insert(30, combined(trade("100.125", "1")))
    path.write_bytes(b"".join(line(TIME + i, body) for i, body in enumerate(bodies)))
    with pytest.raises(BadFrame, match=r"^stray:31: price 100.125 of BTCUSDT is off the tick 0.01"):
        check([path])


def test_another_symbol_beside_a_bare_snapshot_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "odd"
    bodies = [*STORY[:3], combined(trade("1", "1", symbol="ETHUSDT"))]
    path.write_bytes(b"".join(line(TIME + i, body) for i, body in enumerate(bodies)))
    with pytest.raises(BadFrame, match="odd:4: symbol 'ETHUSDT' is unknown; known are BTCUSDT"):
        check([path])


@functools.cache
def number(text: str) -> int:
    """The venue writes eight decimals everywhere: the digits alone, as one whole number."""
    assert text[-9] == "."
    return int(text.replace(".", ""))


class Plain:
    """A recording folded with dicts of texts, the plainest way there is."""

    def __init__(self, path: Path) -> None:
        self.sides: dict[str, dict[int, int]] = {"b": {}, "a": {}}
        self.id = 0
        self.tickers: dict[int, Any] = {}
        self.checked = self.mismatched = 0
        self.traded = 0
        waiting = []
        for text in filter(str.strip, gzip.decompress(path.read_bytes()).decode().splitlines()):
            body = json.loads(text.split(" ", 1)[1])
            data = body.get("data", body)
            if "lastUpdateId" in data:
                self._set(data["bids"], data["asks"])
                self.id = data["lastUpdateId"]
                self._compare()
                for diff_ in waiting:
                    self._apply(diff_)
            elif data.get("e") == "depthUpdate":
                if self.id:
                    self._apply(data)
                else:
                    waiting.append(data)
            elif data.get("e") == "trade":
                self.traded += number(data["q"])
            else:
                self.tickers[data["u"]] = [data[key] for key in "bBaA"]
                if self.id == data["u"]:
                    self._compare()

    def top(self) -> list[int]:
        bid, ask = max(self.sides["b"]), min(self.sides["a"])
        return [bid, self.sides["b"][bid], ask, self.sides["a"][ask]]

    def _set(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for side, levels in (("b", bids), ("a", asks)):
            for price, quantity in levels:
                self.sides[side][number(price)] = number(quantity)
                if not number(quantity):
                    del self.sides[side][number(price)]

    def _apply(self, data: dict[str, Any]) -> None:
        if data["u"] <= self.id:
            return
        assert data["U"] <= self.id + 1
        self._set(data["b"], data["a"])
        self.id = data["u"]
        self._compare()

    def _compare(self) -> None:
        if self.id in self.tickers:
            self.checked += 1
            recorded = [number(text) for text in self.tickers[self.id]]
            self.mismatched += recorded != self.top()


@pytest.mark.parametrize(
    ("name", "best", "frames"),
    [("btc", ("61685.99", "61686.00"), 41_249), ("eth", ("2682.50", "2682.51"), 33_618)],
)
def test_real_recordings_fold_as_plain_dicts_do(
    shared_data: Path, name: str, best: tuple[str, str], frames: int
) -> None:
    path = shared_data / "binance_spot_l2" / f"{name}usdt_20240808.gz"
    plain = Plain(path)
    total, symbols = check([path])
    (found,) = symbols.values()
    assert total == found.frames == frames
    assert (found.gaps, found.crossed, found.resyncs, found.ticker_mismatch) == (0, 0, 0, 0)
    assert (found.best_bid, found.best_ask) == best
    assert [number(f"{price}000000") for price in best] == plain.top()[::2]
    assert (found.bid_levels, found.ask_levels) == (len(plain.sides["b"]), len(plain.sides["a"]))
    assert found.last_update_id == plain.id
    assert (found.ticker_checked, plain.mismatched) == (plain.checked, 0)
    assert number(found.traded_base) == plain.traded


def test_a_real_capture_of_three_symbols_is_clean(shared_data: Path) -> None:
    path = shared_data / "binance_spot_l2" / "btc_eth_dot_20210404.cryptofeed.zst"
    total, symbols = check([path])
    assert total == 2_688 + 1_910 + 118 + 3
    assert sorted(symbols) == ["BTCUSDT", "DOTUSDT", "ETHUSDT"]
    for found in symbols.values():
        assert (found.gaps, found.crossed, found.resyncs, found.snapshots) == (0, 0, 0, 1)
        assert found.best_bid is not None
    assert sum(found.depth_diffs for found in symbols.values()) == 2_688
    assert sum(found.trades for found in symbols.values()) == 1_910
