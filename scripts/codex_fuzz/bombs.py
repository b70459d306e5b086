"""Texts that are hard to read, of any size: bodies, event streams, and what is coded."""

import gzip
import random
import zlib
from collections.abc import Callable

import brotli
import orjson
import zstandard
from support.wire import body, completed

type Text = Callable[[int], bytes]
"""Makes a text of about so many bytes."""


def ordinary(size: int) -> bytes:
    """Return the body of an ordinary turn of about this size, with which all else is compared."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "some words of it " * 12}]}
    return body(input=[item] * max(1, size // len(orjson.dumps(item))))


def repeated(unit: bytes, before: bytes = b"", after: bytes = b"") -> Text:
    """Return what makes a text of a size that repeats a unit."""
    return lambda size: before + unit * (size // len(unit)) + after


def numbered(form: str, before: str = "{", after: str = "}") -> Text:
    """Return what makes a text of a size that repeats a form with a number in it, joined by commas."""
    return lambda size: (before + ",".join(form % n for n in range(size // (len(form) + 4))) + after).encode()


BODIES: dict[str, Text] = {
    "an ordinary turn": ordinary,
    "empty lists": repeated(b"[],", b'{"input":[', b"1]}"),
    "empty lists with spaces": repeated(b"[ ],", b'{"input":[', b"1 ]}"),
    "empty objects in a list": repeated(b"{ } ,", b'{"input":[', b"1]}"),
    "many members": numbered('"m%d": 1'),
    "the same member again and again": repeated(b'"a":1,', b"{", b'"a":2}'),
    "many inputs": repeated(b'"input":[1],', b"{", b'"input":[]}'),
    "members of an item": numbered('"m%d":1', '{"input":[{', "}]}"),
    "items": numbered('{"role":"user","content":"%d"}', '{"input":[', "]}"),
    "tools": numbered('{"type":"function","name":"t%d"}', '{"tools":[', "]}"),
    "tools of a namespace with a giant name": lambda size: orjson.dumps(
        {"tools": [{"type": "namespace", "name": "n" * (size // 2), "tools": [{"name": "t"}] * (size // 28)}]}
    ),
    "tools of namespaces within namespaces": lambda size: (
        b'{"tools":['
        + b",".join([b'{"type":"namespace","name":"n","tools":[' * 60 + b"]}" * 60] * (size // 2500))
        + b"]}"
    ),
    "900 levels, again and again": repeated(b"[" * 900 + b"]" * 900 + b",", b'{"a":[', b"1]}"),
    "a giant string": repeated(b"a", b'{"instructions":"', b'"}'),
    "escapes alone": repeated(b'\\"', b'{"instructions":"', b'"}'),
    "half an emoji, again and again": repeated(b"\\ud83d", b'{"instructions":"', b'"}'),
    "a giant key": repeated(b"k", b'{"prompt_cache_key":"', b'"}'),
    "a giant key that does not print": repeated("\u202e".encode(), b'{"prompt_cache_key":"', b'"}'),
    "a giant name": repeated(b"n", b'{"', b'":1}'),
    "escaped names": numbered('"\\u0061%d": 1'),
    "a giant whole number": repeated(b"7", b'{"a":', b"}"),
    "a giant whole number and half an emoji": repeated(b"7", b'{"b":"\\ud83d","a":', b"}"),
    "a giant fraction and half an emoji": repeated(b"7", b'{"b":"\\ud83d","a":0.', b"}"),
    "numbers beyond 64 bits": repeated(b"99999999999999999999999,", b'{"input":[', b"1]}"),
    "white space": repeated(b" \n", b'{"input":', b"[]}"),
    "white space between members": repeated(b'"a" \n\t : \n\t 1 \n\t ,', b"{", b'"b":1}'),
    "giant types": lambda size: orjson.dumps({"input": [{"type": "t" * (size // 8)}] * 8}),
    "pictures": lambda size: orjson.dumps({"input": [{"a": "data:" + "x" * 9000}] * (size // 9020)}),
    "not quite pictures": lambda size: orjson.dumps({"input": [{"a": '"data:' * (size // 6)}]}),
    "cut short": lambda size: ordinary(size)[:-2],
    "NUL": repeated(b"\0"),
    "invalid UTF-8": repeated(b"\xff", b'{"a":"', b'"}'),
    "opening brackets": repeated(b"["),
}

STREAMS: dict[str, Text] = {
    "no end of line": repeated(b"x", b"data: "),
    "lines without an end of event": repeated(b"data: x\n"),
    "CR alone": repeated(b"\r"),
    "CR LF and LF by turns": repeated(b"data: x\r\n\n"),
    "empty events": repeated(b"data\n\n"),
    "comments": repeated(b": x\n\n"),
    "one wanted event of many lines": repeated(b"data: \n", b'data: {"type":"response.completed",\n', b"data: }\n\n"),
    "the wanted type, almost": repeated(b'"type" ', b"data: ", b"\n\n"),
    "colons after the type": repeated(b":", b'data: "type"', b"\n\n"),
    "wanted events": lambda size: completed() * (size // len(completed())),
    "items": lambda size: b'data: {"type":"response.output_item.done","item":{}}\n\n' * (size // 55),
    "a giant event": lambda size: completed(x="y" * size),
}


def _gzip_members(size: int) -> bytes:
    return gzip.compress(b"") * (size // 20)


def _zstd_frames(size: int) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(b"") * (size // 9)


def _zstd_blocks(size: int) -> bytes:
    """Return one frame of blocks that each repeat a byte 128 kB long (RFC 8878, 3.1.1.2)."""
    block = (2 | (1 << 17) << 3).to_bytes(3, "little") + b"\0"
    return b"\x28\xb5\x2f\xfd\x00\x58" + block * (size // 4)


def _brotli_zeros(size: int) -> bytes:
    stream, zeros = brotli.Compressor(quality=2), bytes(1 << 22)
    return b"".join(stream.process(zeros) for _ in range(min(64, max(1, size >> 14)))) + bytes(stream.finish())


def _noise(size: int) -> bytes:
    """Return bytes that no coding makes smaller, the same each time."""
    return random.Random(1).randbytes(size)


CODED: dict[str, tuple[str, Text]] = {
    "gzip: what cannot be made smaller": ("gzip", lambda size: gzip.compress(_noise(size), 0)),
    "deflate: what cannot be made smaller": ("deflate", lambda size: zlib.compress(_noise(size), 0)),
    "br: what cannot be made smaller": ("br", lambda size: brotli.compress(_noise(size), quality=0)),
    "zstd: what cannot be made smaller": ("zstd", lambda size: zstandard.ZstdCompressor().compress(_noise(size))),
    "gzip: empty members": ("gzip", _gzip_members),
    "zstd: empty frames": ("zstd", _zstd_frames),
    "zstd: the densest blocks": ("zstd", _zstd_blocks),
    "br: zeros": ("br", _brotli_zeros),
    "gzip: zeros": ("gzip", lambda size: gzip.compress(bytes(size * 100))),
    "gzip: what is none": ("gzip", repeated(b"x")),
}
