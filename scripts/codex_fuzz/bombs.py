"""Texts that are hard to read, of any size: bodies, event streams, and what is coded."""

import gzip
import random
import zlib
from collections.abc import Callable

import brotli
import orjson
import zstandard
from support.wire import body, completed

type Make = Callable[[int], bytes]
"""Makes a text of about so many bytes."""


def ordinary(size: int) -> bytes:
    """Return the body of an ordinary turn of about this size, with which all else is compared."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "some words of it " * 12}]}
    return body(input=[item] * max(1, size // len(orjson.dumps(item))))


def repeated(unit: bytes, before: bytes = b"", after: bytes = b"") -> Make:
    """Return what makes a text of a size that repeats a unit, which may have a number in it."""

    def make(size: int) -> bytes:
        count = size // (len(unit) + 3 * (b"%d" in unit))
        units = b"".join(unit % number for number in range(count)) if b"%d" in unit else unit * count
        return before + units + after

    return make


_REPEATED = {
    "empty lists": (b"[],", b'{"input":[', b"1]}"),
    "empty lists with spaces": (b"[ ],", b'{"input":[', b"1 ]}"),
    "empty objects in a list": (b"{ } ,", b'{"input":[', b"1]}"),
    "many members": (b'"m%d": 1,', b"{", b'"z":1}'),
    "the same member again and again": (b'"a":1,', b"{", b'"a":2}'),
    "many inputs": (b'"input":[1],', b"{", b'"input":[]}'),
    "members of an item": (b'"m%d":1,', b'{"input":[{', b'"z":1}]}'),
    "items": (b'{"role":"user","content":"%d"},', b'{"input":[', b"{}]}"),
    "tools": (b'{"type":"function","name":"t%d"},', b'{"tools":[', b"{}]}"),
    "tools of namespaces within namespaces": (
        b'{"type":"namespace","name":"n","tools":[' * 60 + b"]}" * 60 + b",",
        *(b'{"tools":[', b"1]}"),
    ),
    "900 levels, again and again": (b"[" * 900 + b"]" * 900 + b",", b'{"a":[', b"1]}"),
    "a giant string": (b"a", b'{"instructions":"', b'"}'),
    "escapes alone": (b'\\"', b'{"instructions":"', b'"}'),
    "half an emoji, again and again": (b"\\ud83d", b'{"instructions":"', b'"}'),
    "a giant key": (b"k", b'{"prompt_cache_key":"', b'"}'),
    "a giant key that does not print": ("\u202e".encode(), b'{"prompt_cache_key":"', b'"}'),
    "a giant name": (b"n", b'{"', b'":1}'),
    "escaped names": (b'"\\u0061%d": 1,', b"{", b'"z":1}'),
    "a giant whole number": (b"7", b'{"a":', b"}"),
    "a giant whole number and half an emoji": (b"7", b'{"b":"\\ud83d","a":', b"}"),
    "a giant fraction and half an emoji": (b"7", b'{"b":"\\ud83d","a":0.', b"}"),
    "numbers beyond 64 bits": (b"99999999999999999999999,", b'{"input":[', b"1]}"),
    "white space": (b" \n", b'{"input":', b"[]}"),
    "white space between members": (b'"a" \n\t : \n\t 1 \n\t ,', b"{", b'"b":1}'),
    "NUL": (b"\0",),
    "invalid UTF-8": (b"\xff", b'{"a":"', b'"}'),
    "opening brackets": (b"[",),
}
BODIES: dict[str, Make] = {
    "an ordinary turn": ordinary,
    **{name: repeated(*parts) for name, parts in _REPEATED.items()},
    "tools of a namespace with a giant name": lambda size: orjson.dumps(
        {"tools": [{"type": "namespace", "name": "n" * (size // 2), "tools": [{"name": "t"}] * (size // 28)}]}
    ),
    "giant types": lambda size: orjson.dumps({"input": [{"type": "t" * (size // 8)}] * 8}),
    "pictures": lambda size: orjson.dumps({"input": [{"a": "data:" + "x" * 9000}] * (size // 9020)}),
    "not quite pictures": lambda size: orjson.dumps({"input": [{"a": '"data:' * (size // 6)}]}),
    "cut short": lambda size: ordinary(size)[:-2],
}

STREAMS: dict[str, Make] = {
    "no end of line": repeated(b"x", b"data: "),
    "lines without an end of event": repeated(b"data: x\n"),
    "CR alone": repeated(b"\r"),
    "CR LF and LF by turns": repeated(b"data: x\r\n\n"),
    "empty events": repeated(b"data\n\n"),
    "comments": repeated(b": x\n\n"),
    "one wanted event of many lines": repeated(b"data: \n", b'data: {"type":"response.completed",\n', b"data: }\n\n"),
    "the wanted type, almost": repeated(b'"type" ', b"data: ", b"\n\n"),
    "colons after the type": repeated(b":", b'data: "type"', b"\n\n"),
    "wanted events": repeated(completed()),
    "items": repeated(b'data: {"type":"response.output_item.done","item":{}}\n\n'),
    "a giant event": lambda size: completed(x="y" * size),
}


def _brotli_zeros(size: int) -> bytes:
    stream, zeros = brotli.Compressor(quality=2), bytes(1 << 22)
    return b"".join(stream.process(zeros) for _ in range(min(64, max(1, size >> 14)))) + bytes(stream.finish())


_ZSTD = zstandard.ZstdCompressor(write_content_size=False)
_BLOCK = (2 | (1 << 17) << 3).to_bytes(3, "little") + b"\0"  # one that repeats a byte 128 kB long (RFC 8878, 3.1.1.2)

CODED: dict[str, Make] = {
    "gzip: what cannot be made smaller": lambda size: gzip.compress(random.randbytes(size), 0),
    "deflate: what cannot be made smaller": lambda size: zlib.compress(random.randbytes(size), 0),
    "br: what cannot be made smaller": lambda size: brotli.compress(random.randbytes(size), quality=0),
    "zstd: what cannot be made smaller": lambda size: _ZSTD.compress(random.randbytes(size)),
    "gzip: empty members": lambda size: gzip.compress(b"") * (size // 20),
    "zstd: empty frames": repeated(_ZSTD.compress(b"")),
    "zstd: the densest blocks": repeated(_BLOCK, b"\x28\xb5\x2f\xfd\x00\x58"),
    "br: zeros": _brotli_zeros,
    "gzip: zeros": lambda size: gzip.compress(bytes(size * 100)),
    "gzip: what is none": repeated(b"x"),
}
"""Each name begins with the coding."""
