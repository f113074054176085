"""How kernels are compiled; what they do is tested with the book."""

from __future__ import annotations

from typing import Any

import numba
import pytest

from genesis.domain import level_kernels


def test_where_no_code_can_be_kept_it_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def njit(cache: bool = False, **more: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**more)

    monkeypatch.setattr(level_kernels, "njit", njit)
    double = level_kernels.kernel(lambda value: 2 * value)
    assert double(21) == 42
