"""Any message to bytes and back, exactly. Makes nothing but GENESIS's own types of what it reads.

Structs that msgspec can decode by their annotations go as they are; what it cannot (a field that
may be any message, a NumPy array, a type variable) is written out field by field.
"""

from __future__ import annotations

import ast
import enum
import functools
import importlib
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from msgspec import inspect
from numpy.lib import format as npy

from genesis.errors import InputError

_STRUCT, _NATIVE, _ARRAY, _DECIMAL, _ENUM, _TUPLE = range(1, 7)

_PLAIN = (
    inspect.NoneType,
    inspect.BoolType,
    inspect.IntType,
    inspect.FloatType,
    inspect.StrType,
    inspect.BytesType,
    inspect.DecimalType,
    inspect.EnumType,
    inspect.LiteralType,
)

_encode = msgspec.msgpack.Encoder().encode


def pack(value: object) -> bytes:
    """Raises TypeError for what no message may hold."""
    return _encode(_tree(value))


def unpack(data: bytes) -> Any:
    """What ``pack`` was given. Raises InputError where this version cannot make it again."""
    try:
        return _decode(data)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"a captured value cannot be read: {error}") from None


def _tree(value: object) -> object:
    match value:
        case enum.Enum():
            return _ext(_ENUM, (_name(type(value)), value.value))
        case None | bool() | int() | float() | str() | bytes():
            return value
        case msgspec.Struct():
            if _is_native(type(value)):
                return _ext(_NATIVE, (_name(type(value)), value))
            fields = [_tree(getattr(value, name)) for name in value.__struct_fields__]
            return _ext(_STRUCT, (_name(type(value)), fields))
        case Decimal():
            return _ext(_DECIMAL, str(value))
        case tuple():
            return _ext(_TUPLE, [_tree(item) for item in value])
        case np.ndarray():
            description = npy.dtype_to_descr(value.dtype)
            return _ext(_ARRAY, (repr(description), value.shape, value.tobytes()))
        case _:
            raise TypeError(f"{type(value).__name__} is nothing that a message may hold")


def _ext(code: int, content: object) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, _encode(content))


def _made(code: int, data: memoryview) -> object:
    if code == _NATIVE:
        name, raw = _named(data)
        return _native_decoder(name).decode(raw)
    if code == _ARRAY:
        description, shape, content = _array(data)
        return np.frombuffer(content, _dtype(description)).reshape(shape)
    inner = _decode(data)
    if code == _STRUCT:
        return _known(inner[0], msgspec.Struct)(*inner[1])
    if code == _ENUM:
        return _known(inner[0], enum.Enum)(inner[1])
    return Decimal(inner) if code == _DECIMAL else tuple(inner)


_decode = msgspec.msgpack.Decoder(ext_hook=_made).decode
_named = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw]).decode
_array = msgspec.msgpack.Decoder(tuple[str, tuple[int, ...], bytes]).decode


@functools.cache
def _dtype(description: str) -> np.dtype[Any]:
    """From the text that NumPy's own files describe a dtype with."""
    return npy.descr_to_dtype(ast.literal_eval(description))


@functools.cache
def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


@functools.cache
def _known(name: str, base: type) -> Any:
    """A type of GENESIS by its name; nothing else is ever called."""
    module, _, qualified = name.partition(":")
    if module.partition(".")[0] != "genesis":
        raise TypeError(f"{name} is no type of GENESIS")
    try:
        kind = getattr(importlib.import_module(module), qualified)
    except (ImportError, AttributeError):
        raise TypeError(f"this version has no {qualified}") from None
    if not (isinstance(kind, type) and issubclass(kind, base)):
        raise TypeError(f"{name} is no {base.__name__}")
    return kind


@functools.cache
def _native_decoder(name: str) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(_known(name, msgspec.Struct))


@functools.cache
def _is_native(kind: type[msgspec.Struct]) -> bool:
    """Whether msgspec alone brings an instance back as it was."""
    try:
        return _all_native(inspect.type_info(kind))
    except TypeError:
        return False


def _all_native(found: inspect.Type) -> bool:
    match found:
        case inspect.UnionType(types) | inspect.TupleType(types):
            return all(_all_native(part) for part in types)
        case inspect.VarTupleType(item) | inspect.ListType(item):
            return _all_native(item)
        case inspect.StructType(kind, fields):
            # A subclass in its place would come back as the base.
            whole = not kind.__subclasses__()
            return whole and all(_all_native(field.type) for field in fields)
        case _:
            return isinstance(found, _PLAIN)
