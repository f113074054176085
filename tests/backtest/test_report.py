"""What a person and a program are shown of a run."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.console import Console
from run_tales import SECOND_NS, START_NS, fill, path, told

from genesis.backtest.prices import PricePath
from genesis.backtest.reports import charts, wording
from genesis.backtest.reports.metrics import Measured, measure
from genesis.backtest.reports.report import print_summary, report_json, sparkline, write_report
from genesis.backtest.run import BacktestResult
from genesis.errors import StorageError


def told_run(title: str = "a tale") -> BacktestResult:
    result = told(
        [
            (10, fill("BUY", "1", "100", fee="0.1", number=1)),
            (20, fill("SELL", "1", "104", fee="0.104", number=2)),
        ],
        seconds=60,
        prices={"COINUSDT": path((5, 9900), (15, 10300), (25, 10400), (50, 10600))},
    )
    return msgspec.structs.replace(result, title=title)


@pytest.fixture
def result() -> BacktestResult:
    return told_run()


@pytest.fixture
def measured(result: BacktestResult) -> Measured:
    return measure(result)


def test_the_terminal_is_told_everything_in_80_columns(measured: Measured) -> None:
    out = io.StringIO()
    print_summary(measured, Console(file=out, width=80))
    said = out.getvalue()
    assert "+3.7960 USDT, 0.38 %" in said
    assert "Yearly figures from 1 min say little; closed round trips: only 1." in said
    for section in wording.sections(measured.figures):
        for row in section.rows:
            assert row.label in said
            assert row.value in said
    assert max(map(len, said.splitlines())) <= 80


def test_json_holds_the_same_figures_to_the_last_digit(
    measured: Measured, result: BacktestResult
) -> None:
    told = msgspec.json.decode(report_json(measured, result))
    assert told["figures"]["performance"]["pnl"] == "3.796"
    assert told["summary"]["equity"] == "1003.796"
    assert told["figures"] == msgspec.json.decode(msgspec.json.encode(measured.figures))
    curve = told["curve"]
    assert curve["equity"][0] == 1000
    assert curve["equity"][-1] == 1003.796
    assert len({len(column) for column in curve.values()}) == 1


def test_files_are_written_and_a_trip_is_a_line(
    measured: Measured, result: BacktestResult, tmp_path: Path
) -> None:
    paths = write_report(measured, result, tmp_path / "new" / "folder")
    assert [p.name for p in paths] == ["report.html", "report.json", "trips.csv"]
    (line,) = csv.DictReader(io.StringIO(paths[2].read_text()))
    assert (line["symbol"], line["side"], line["pnl"]) == ("COINUSDT", "BUY", "3.796")


def test_a_folder_that_cannot_be_written_is_one_line(
    measured: Measured, result: BacktestResult, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="the report cannot be written"):
        write_report(measured, result, tmp_path / "file")


class Reader(HTMLParser):
    """Collects tags and attributes; unclosed elements are left in ``open``."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID and tag not in ("path", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def page(measured: Measured, result: BacktestResult, folder: Path) -> tuple[str, Reader]:
    text = write_report(measured, result, folder)[0].read_text()
    reader = Reader()
    reader.feed(text)
    return text, reader


def test_the_page_is_whole_and_fetches_nothing(
    measured: Measured, result: BacktestResult, tmp_path: Path
) -> None:
    text, reader = page(measured, result, tmp_path)
    assert reader.open == []
    for tag, attributes in reader.seen:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "a")
        assert not {"src", "href", "srcset", "onclick", "onload"} & attributes.keys()
    without_namespace = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttp", without_namespace)
    assert "default-src 'none'" in text


def test_the_page_shows_every_figure_and_every_curve(
    measured: Measured, result: BacktestResult, tmp_path: Path
) -> None:
    _, reader = page(measured, result, tmp_path)
    for section in wording.sections(measured.figures):
        for row in section.rows:
            assert row.value in reader.said
    for title in ("Equity, USDT", "Drawdown", "Exposure", "COINUSDT", "symbol", "hour", "weekday"):
        assert title in reader.said
    assert sum(tag == "svg" for tag, _ in reader.seen) == 7


def test_names_in_the_page_cannot_become_markup(tmp_path: Path) -> None:
    result = told_run('<script>alert("x")</script> & co')
    _, reader = page(measure(result), result, tmp_path)
    assert sum(tag == "script" for tag, _ in reader.seen) == 1
    assert '<script>alert("x")</script> & co' in reader.said


def test_a_run_that_did_nothing_has_a_page_too(tmp_path: Path) -> None:
    result = told([], seconds=5)
    _, reader = page(measure(result), result, tmp_path)
    assert reader.open == []
    print_summary(measure(result), Console(file=io.StringIO(), width=80))


def test_the_page_of_half_a_million_prices_stays_small(tmp_path: Path) -> None:
    count = 500_000
    times = START_NS + np.arange(count, dtype=np.int64) * SECOND_NS
    close = 10_000 + np.random.default_rng(1).integers(-9, 10, count).cumsum() % 5000
    prices = {"COINUSDT": PricePath(times, close - 3, close + 3, close)}
    events = [(60 * n, fill("SELL" if n % 2 else "BUY", "1", "100", number=n)) for n in range(900)]
    result = told(events, seconds=count, prices=prices)
    text, _ = page(measure(result), result, tmp_path)
    assert len(text) < 500_000


def test_colours_are_calm_in_light_and_dark(
    measured: Measured, result: BacktestResult, tmp_path: Path
) -> None:
    """No red, and text on its ground is readable (WCAG 2.1, contrast of at least 4.5)."""
    text, _ = page(measured, result, tmp_path)
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in text.split("@media")[:2]
    )
    for scheme in (light, dark):
        for name in ("text", "soft", "gain", "loss"):
            red, green, _ = channels(scheme[name])
            assert red < 1.8 * green
            assert contrast(scheme[name], scheme["card"]) >= 4.5


def channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        linear = [
            c / 12.92 if (c := part / 255) <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for part in channels(colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def drawn(chart: str, kind: str) -> list[list[float]]:
    (d,) = re.findall(rf'class="{kind}" d="M([^"]+)"', chart)
    return [[float(n) for n in pair.split()] for pair in d.split("L")]


def test_a_curve_goes_from_edge_to_edge_and_bears_its_scale() -> None:
    chart = charts.line_chart(
        np.array([0, 50, 100]) * SECOND_NS, np.array([10.0, 30.0, 20.0]), unit="USDT"
    )
    low, high = (float(re.findall(rf'data-{edge}="([^"]+)"', chart)[0]) for edge in ("low", "high"))
    points = drawn(chart, "curve")
    assert [x for x, _ in points] == [0, 500, 1000]
    values = [low + (1 - y / charts.HEIGHT) * (high - low) for _, y in points]
    assert values == pytest.approx([10, 30, 20], abs=0.02)


def test_bars_stand_on_zero_and_are_as_high_as_their_values() -> None:
    chart = charts.bar_chart(["a", "b"], [2.0, -1.0], ["two", "minus one"])
    bars = re.findall(r'<rect class="(\w+)" .*?y="([\d.]+)" .*?height="([\d.]+)"', chart)
    (kind_a, top_a, height_a), (kind_b, top_b, height_b) = bars
    assert (kind_a, kind_b) == ("gain", "loss")
    assert float(top_a) + float(height_a) == pytest.approx(float(top_b), abs=0.11)
    assert float(height_a) == pytest.approx(2 * float(height_b), abs=0.2)


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ([f"{hour}h" for hour in range(24)], 8),
        (["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], 7),
        ([f"{letter * 3}USDT" for letter in "ABCDEFGHI"], 3),
        (["1000SATSUSDT", "BTCUSDT"], 2),
    ],
)
def test_no_more_labels_stand_below_bars_than_fit(labels: list[str], shown: int) -> None:
    chart = charts.bar_chart(labels, [1.0] * len(labels), labels)
    assert chart.count('<span style="left:') == shown


def test_of_many_fills_some_are_drawn() -> None:
    times = np.array([0, 1000]) * SECOND_NS
    markers = [charts.Marker(n * SECOND_NS, 50.0 + n % 7, n % 2 == 0) for n in range(1000)]
    few = charts.line_chart(times, np.array([40.0, 60.0]), unit="", markers=markers[:20])
    many = charts.line_chart(times, np.array([40.0, 60.0]), unit="", markers=markers)
    assert few.count("h0") == 30  # 10 dots, 10 rings, each ring with its hole
    assert many.count("h0") < 600


def test_a_sparkline_rises_with_equity(measured: Measured) -> None:
    line = sparkline(measured)
    assert len(line) == 60
    assert line[-1] == "█"
    assert line[10] == "▁"


@pytest.mark.parametrize(
    ("told_as", "of"),
    [
        (wording.duration(0), "0 s"),
        (wording.duration(0.25), "0.25 s"),
        (wording.duration(75), "1 min 15 s"),
        (wording.duration(86_400 * 3 + 7200 + 60), "3 d 2 h"),
        (wording.money("1234.567"), "1,234.57"),
        (wording.money("-0.00001"), "0.0000"),
        (wording.signed("0.5"), "+0.5000"),
        (wording.signed("-3"), "-3.0000"),
        (wording.amount("3", "USDT"), "3.0000 USDT"),
        (wording.amount(None, "USDT"), "-"),
        (wording.signed_amount("3", "USDT"), "+3.0000 USDT"),
        (wording.signed_amount(None, "USDT"), "-"),
        (wording.percent(0.1234), "12.34 %"),
        (wording.percent(-0.00001), "0.00 %"),
        (wording.ratio(-0.001), "0.00"),
        (wording.percent(1e7), "1.0e+09 %"),
        (wording.ratio(None), "-"),
    ],
)
def test_numbers_for_the_eye(told_as: str, of: str) -> None:
    assert told_as == of
