"""Settings: where they come from, what is refused, and that a refusal is one helpful line."""

from __future__ import annotations

import itertools
import os
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from genesis.config import ENV_PREFIX, Settings
from genesis.errors import ConfigError

DEFAULT = Path(__file__).parents[1] / "config" / "default.toml"


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.upper().startswith(ENV_PREFIX)]:
        monkeypatch.delenv(variable)


def operator_file(folder: Path, text: str) -> Path:
    path = folder / "my.toml"
    path.write_text(text)
    return path


def refusal(path: Path | None = None, overrides: dict[str, object] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        Settings.load(path, overrides)
    text = str(caught.value)
    assert "\n" not in text
    return text.replace(f"{path}: ", "my.toml: ")


def test_the_defaults_are_complete_and_money_is_exact() -> None:
    settings = Settings.load()
    assert settings.account.starting_quote == Decimal(1000)
    assert settings.risk.position_fraction == Decimal("0.05")
    assert settings.market.symbols == ("BTCUSDT", "ETHUSDT")
    assert settings.venue.api_key.get_secret_value() == ""


def test_every_default_has_its_reason_beside_it() -> None:
    lines = DEFAULT.read_text().splitlines()
    for previous, line in itertools.pairwise(lines):
        if "=" in line and not line.startswith("#"):
            # settings explained together share the comment above the first of them
            assert previous.startswith("#") or "=" in previous, line


def test_each_source_goes_over_the_one_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = operator_file(tmp_path, "[market]\nseed = 1\nspeed = 2\ndepth_levels = 5\n")
    monkeypatch.setenv("GENESIS_MARKET__SEED", "11")
    monkeypatch.setenv("GENESIS_MARKET__SPEED", "12")
    market = Settings.load(path, {"market.seed": 111}).market
    assert (market.seed, market.speed, market.depth_levels, market.window_ms) == (111, 12, 5, 10)


def test_the_environment_may_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESIS_CONFIG", str(operator_file(tmp_path, "[market]\nseed = 3\n")))
    assert Settings.load().market.seed == 3


def test_lists_and_nested_tables_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESIS_MARKET__SYMBOLS", "DOTUSDT, ETHUSDT")
    monkeypatch.setenv("GENESIS_STRATEGIES__ENABLED", "ema_cross")
    monkeypatch.setenv("GENESIS_STRATEGIES__EMA_CROSS__FAST", "10")
    settings = Settings.load()
    assert settings.market.symbols == ("DOTUSDT", "ETHUSDT")
    assert settings.strategies.enabled == ("ema_cross",)
    assert settings.strategies.ema_cross.fast == 10


def test_settings_cannot_be_changed() -> None:
    settings = Settings.load()
    with pytest.raises(ValidationError, match="frozen"):
        settings.risk.position_fraction = Decimal(1)  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.risk = settings.risk  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[risk]\npositon_fraction = 0.1",
            "my.toml: unknown setting risk.positon_fraction; did you mean risk.position_fraction?",
        ),
        ("[rsk]\nposition_fraction = 0.1", "did you mean risk.position_fraction?"),
        ("[rsk]", "my.toml: unknown setting rsk; did you mean risk?"),
        ("[strategies]\nenabled = ['ema_cross', 'ema_cross']", "each may be named once"),
        ("[zzz]\nqqq = 1", "unknown setting zzz.qqq; config/default.toml lists all of them"),
        (
            "[risk]\nposition_fraction = 1.5",
            "my.toml: risk.position_fraction = 1.5 cannot be used; "
            "it should be less than or equal to 1",
        ),
        ("[risk]\nposition_fraction = nan", "risk.position_fraction = nan cannot be used"),
        ("[risk]\nposition_fraction = true", "it should be a number"),
        ("[risk]\norders_per_10_s = 1.5", "risk.orders_per_10_s = 1.5 cannot be used"),
        ("risk = 5", "my.toml: risk = 5 cannot be used; it should be a table of RiskSettings"),
        ("[market]\nsymbols = ['btcusdt']", "market.symbols = ['btcusdt'] cannot be used"),
        ("[market]\nsymbols = []", "market.symbols = [] cannot be used"),
        ("[market]\nsymbols = ['AAUSDT', 'AAUSDT']", "each may be named once"),
        ("[market]\nmarket = 'replay:'", "market.market = 'replay:' cannot be used"),
        ("[market]\nspeed = inf", "market.speed = inf cannot be used"),
        ("[strategies]\nenabled = ['ema']", "'ema_cross' or 'spread_capture'"),
        (
            "[strategies.ema_cross]\nfast = 500",
            "[strategies.ema_cross] cannot be used: fast (500) must be smaller than slow (500)",
        ),
        ("[paper]\nmaker_fee = -0.0001", "paper.maker_fee = -0.0001 cannot be used"),
        ("[supervision]\nhang_after_ms = 900", "at least twice heartbeat_ms"),
        ("[executor]\nunknown_give_up_ms = 1000", "longer than unknown_query_after_ms"),
        ("[risk\n", "is not valid TOML"),
    ],
)
def test_what_a_file_may_not_say(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(operator_file(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "absent.toml")
    assert "is a directory" in refusal(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    assert "not a UTF-8 text file" in refusal(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "GENESIS_RISK__POSITON_FRACTION",
            "0.1",
            "environment: unknown setting GENESIS_RISK__POSITON_FRACTION; "
            "did you mean GENESIS_RISK__POSITION_FRACTION?",
        ),
        ("GENESIS_RISK", "{}", "environment: unknown setting GENESIS_RISK"),
        ("GENESIS_CONFG", "x", "did you mean GENESIS_CONFIG?"),
        ("GENESIS_FAST", "5", "did you mean GENESIS_STRATEGIES__EMA_CROSS__FAST?"),
        ("GENESIS_MARKET", "simulated", "did you mean GENESIS_MARKET__MARKET?"),
        ("genesis_market_sped", "2", "setting genesis_market_sped; did you mean GENESIS_MARKET__"),
        ("GENESIS_FOO", "1", "unknown setting GENESIS_FOO; config/default.toml lists all of them"),
        (
            "GENESIS_MARKET__SEED",
            "seven",
            "environment: GENESIS_MARKET__SEED = 'seven' cannot be used; "
            "it should be a valid integer",
        ),
        ("GENESIS_STRATEGIES__EMA_CROSS", "1", "cannot be used; it should be a table of"),
    ],
)
def test_what_the_environment_may_not_say(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert said in refusal()


def test_a_bad_value_on_the_command_line_is_told_as_such() -> None:
    assert refusal(overrides={"market.speed": -1}).startswith("command line: market.speed = -1 ")


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    text = refusal(operator_file(tmp_path, "[venue]\napi_key = 918273645"))
    assert "venue.api_key = *** cannot be used" in text
    assert "918273645" not in text


def test_the_digest_is_of_what_is_set_and_not_of_how_it_is_written(tmp_path: Path) -> None:
    default = Settings.load()
    rewritten = Settings.load(operator_file(tmp_path, "[risk]\nposition_fraction = 0.050\n"))
    changed = Settings.load(overrides={"risk.position_fraction": "0.04"})
    with_key = Settings.load(overrides={"venue.api_key": "918273645"})
    assert default.digest() == rewritten.digest() == with_key.digest()
    assert default.digest() != changed.digest()
    assert "918273645" not in repr(with_key.venue)


def test_the_shipped_file_names_every_setting_and_no_other() -> None:
    shipped = tomllib.loads(DEFAULT.read_text())
    dumped = Settings.load().model_dump(mode="json")

    def names(tree: dict[str, object], prefix: str = "") -> set[str]:
        return {
            leaf
            for key, value in tree.items()
            for leaf in (
                names(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key}
            )
        }

    assert names(shipped) == names(dumped)


def test_a_write_may_not_wait_as_long_as_a_hang_takes_to_be_noticed() -> None:
    with pytest.raises(ConfigError, match="must be smaller than supervision") as raised:
        Settings.load(None, {"journal.busy_timeout_ms": 3000})
    assert str(raised.value).startswith("the settings cannot be used: journal.")
