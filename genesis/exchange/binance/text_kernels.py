"""Numba kernels that scan the text of a frame: names and plain numbers. Never read past its end.

A text ends with a zero byte, which is part of nothing: every loop here stops at it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genesis.domain.level_kernels import kernel

Bytes = npt.NDArray[np.uint8]

WORDS_BYTES = 16
NOT_READ = -1
"""What follows something that is not as it must be."""

QUOTE, POINT = b'".'
_ZERO, _NINE, _BACKSLASH, _FIRST_PLAIN, _LAST_PLAIN = b"09\\ ~"
_MOST_DIGITS = 18  # fit into 64 bits
_MOST_CHARACTERS = 100


def words(text: str) -> tuple[int, int]:
    """Up to ``WORDS_BYTES`` ASCII characters as two integers; zeros for what is more than that."""
    raw = text.encode() if text.isascii() and len(text) <= WORDS_BYTES else b""
    raw = raw.ljust(WORDS_BYTES, b"\0")
    return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")


@kernel
def matches(text: Bytes, at: int, word: Bytes) -> bool:
    """Whether ``word`` stands there."""
    same = 0
    while same < word.shape[0] and text[at + same] == word[same]:
        same += 1
    return bool(same == word.shape[0])


@kernel
def _byte(text: Bytes, at: int) -> int:
    return int(np.int64(text[at]))  # signed, as everything else


@kernel
def is_digit(character: int) -> bool:
    return bool(_ZERO <= character <= _NINE)


@kernel
def after_text(text: Bytes, at: int) -> int:
    """What follows the closing quote; ``NOT_READ`` for a text with anything special in it."""
    while text[at] != QUOTE:
        if not _FIRST_PLAIN <= text[at] <= _LAST_PLAIN or text[at] == _BACKSLASH:
            return NOT_READ
        at += 1
    return at + 1


@kernel
def two_words(text: Bytes, at: int) -> tuple[int, int]:
    """The text at ``at`` as ``words`` has it; zeros where it is empty or too long."""
    first = second = 0
    i = 0
    while text[at + i] != QUOTE:
        if i == WORDS_BYTES:
            return 0, 0
        if i < 8:
            first |= _byte(text, at + i) << (8 * i)
        else:
            second |= _byte(text, at + i) << (8 * (i - 8))
        i += 1
    return first, second


@kernel
def integer(text: Bytes, at: int) -> tuple[int, int]:
    """A JSON integer and what follows it; that is ``NOT_READ`` for one with too many digits."""
    value = 0
    i = at
    while is_digit(text[i]):
        value = 10 * value + _byte(text, i) - _ZERO
        i += 1
    if i - at > _MOST_DIGITS or (text[at] == _ZERO and i - at > 1):
        return 0, NOT_READ
    return value, i


@kernel
def scaled(text: Bytes, at: int, decimals: int) -> tuple[int, int]:
    """A decimal up to its closing quote, times 10**decimals, and what follows the quote; that is
    ``NOT_READ`` for one that is not plain, too large, or finer than that."""
    value = 0
    i = at
    while is_digit(text[i]):
        value = 10 * value + _byte(text, i) - _ZERO
        i += 1
    if i == at or i - at + decimals > _MOST_DIGITS:
        return 0, NOT_READ
    if text[i] == POINT:
        i += 1
        while is_digit(text[i]):
            digit = _byte(text, i) - _ZERO
            i += 1
            if decimals > 0:
                value = 10 * value + digit
                decimals -= 1
            elif digit != 0:
                return 0, NOT_READ
    if text[i] != QUOTE or i - at > _MOST_CHARACTERS:
        return 0, NOT_READ
    for _ in range(decimals):
        value *= 10
    return value, i + 1
