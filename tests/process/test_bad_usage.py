"""A command that cannot be obeyed is told in one line, with exit code 2, before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from daemon_process import genesis

from genesis.__main__ import main

USAGE: list[tuple[str, str]] = [
    ("run --sped 1", "no such option: --sped (Possible options: --seed, --speed); see genesis run"),
    ("run --speed fast", "invalid value for '--speed': "),
    ("run --speed -1", "market.speed = -1.0 cannot be used; it should be greater than or equal"),
    ("run --speed nan", "market.speed = nan cannot be used; it should be a finite number"),
    ("run --for 0", "--for 0 cannot be used; give seconds above 0, at most 1e9"),
    ("run --for nan", "--for nan cannot be used"),
    ("run --for inf", "--for inf cannot be used"),
    ("run --seed -4", "market.seed = -4 cannot be used"),
    ("run --summary xml", "--summary xml is unknown; it can be json"),
    ("run --market nonsense", "it should be simulated or replay:FILE[,FILE]"),
    ("run --market replay:", "it should be simulated or replay:FILE[,FILE]"),
    ("run --strategy ema_crss", "it should be 'ema_cross' or 'spread_capture'; did you mean ema_c"),
    ("run --symbols btcusdt", "it should be in capitals, as the venue writes it"),
    ("run --symbols ,", "market.symbols = ',' cannot be used; name at least one"),
    ("run --symbols BTCUSDT,BTCUSDT", "each may be named once"),
    ("run --config absent.toml", "absent.toml: cannot be read (No such file or directory)"),
    ("run --config .", ".: is a directory"),
    ("run --config /dev/zero", "/dev/zero: is a device or a pipe; name a regular file"),
    ("run --config huge.toml", "huge.toml: is larger than 16 MB, which is more than such a file"),
    (
        "run --config key.toml",
        "key.toml: unknown setting risk.position_fracton; did you mean ",
    ),
    ("run --config value.toml", "value.toml: risk.position_fraction = 2 cannot be used; it should"),
    ("run --config torn.toml", "torn.toml: is not valid TOML: "),
    ("run --config binary.toml", "binary.toml: is not a UTF-8 text file"),
    ("replay --data-dir . --config absent.toml", "absent.toml: cannot be read (No such file or di"),
    ("replay --data-dir . --config torn.toml", "torn.toml: is not valid TOML: "),
    ("replay --data-dir . --config /dev/zero", "/dev/zero: is a device or a pipe; name a regular"),
    ("drill --minutes 0", "--minutes 0 cannot be used; give more than 0, at most 1440"),
    ("drill --faults crsh-after", "--faults 'crsh-after' is unknown; did you mean crash-after?"),
    ("drill --seed 3 --seeds 2", "--seed shows one session and --seeds runs many; give one of"),
    ("drill --seeds 0", "invalid value for '--seeds': "),
    ("drill --seeds 99999999999", "invalid value for '--seeds': "),
    ("backtest --market simulated --from \x1b[31mx", "genesis: --from [31mx is no date or time"),
    ("backtest --market simulated --from 3000-01-01 --for 5", "give a time from 1970 to 2200"),
    ("backtest --market simulated --from 0001-01-01 --for 5", "give a time from 1970 to 2200"),
    ("run now", "got unexpected extra argument(s) (now); see genesis run --help"),
    ("rn", "no such command 'rn'. Did you mean 'run'? See genesis --help"),
    ("data check", "missing argument 'files'; see genesis data check --help"),
    ("journal tail -n 0", "invalid value for '--lines' / '-n': "),
]


@pytest.fixture(autouse=True)
def _an_operators_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GENESIS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("key.toml").write_text("[risk]\nposition_fracton = 0.02\n")
    Path("value.toml").write_text("[risk]\nposition_fraction = 2\n")
    Path("torn.toml").write_text("[risk\n")
    Path("binary.toml").write_bytes(b"\xff\xfe\x00")
    with Path("huge.toml").open("wb") as huge:
        huge.truncate((16 << 20) + 1)


@pytest.mark.parametrize(("command", "said"), USAGE)
def test_one_line_and_nothing_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, said: str
) -> None:
    # Inside this process, because a start of Python for each of them would take seconds.
    monkeypatch.setattr("sys.argv", ["genesis", *command.split()])
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    assert left.value.code == 2
    assert out == ""
    assert err.startswith("genesis: ")
    assert err.count("\n") == 1
    assert said in err
    assert not Path("data").exists()


def test_the_same_from_a_shell(tmp_path: Path) -> None:
    said = genesis("run", "--sped", "1", "--data-dir", tmp_path / "data", fresh=True)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("genesis: no such option: --sped ")
    assert said.err.count("\n") == 1


def test_a_setting_in_the_environment(tmp_path: Path) -> None:
    bad = {"GENESIS_RISK__POSITION_FRACTON": "0.02"}
    said = genesis("run", "--data-dir", tmp_path / "data", settings=bad)
    assert said == (
        2,
        "",
        "genesis: environment: unknown setting GENESIS_RISK__POSITION_FRACTON; "
        "did you mean GENESIS_RISK__POSITION_FRACTION?\n",
    )


def test_a_symbol_that_nobody_lists(tmp_path: Path) -> None:
    said = genesis("run", "--headless", "--symbols", "FOO", "--data-dir", tmp_path / "data")
    assert said.code == 2
    assert said.last.startswith("genesis: the generated market cannot list 'FOO': ")
