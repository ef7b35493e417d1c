"""Packed files that unpack to far more than any log does, told before they fill the disk.

Logs shrink 8 to 40 times, the most repetitive ones about 100 times. Only what could be a bomb is unpacked for this, to
nowhere; all other files cost a glance at their head and end.
"""

import zlib
from typing import BinaryIO

from audit.errors import InputError
from audit.readers.export import DAMAGED, Export, open_bytes
from audit.readers.zst import most_unpacked

MOST_TIMES = 200
"""How often its own size a file may unpack to."""
ALWAYS_ALLOWED = 1 << 30
"""Bytes that a file may unpack to whatever its size."""
SUSPICIOUS_TIMES = 60
DEFLATE_MOST = 1032
"""How often its size gzip can unpack to, by its format."""
SAMPLE = 1 << 15
SAMPLE_UNPACKED = 1 << 24


def refuse_bomb(export: Export) -> None:
    """Raises InputError for a file that unpacks to more than the limits.

    Not seen is a gzip file that begins like a log, goes on as a bomb, and is longer than 4 GB by so much that the
    length at its end, which is kept modulo 4 GB, looks like that of a log.
    """
    allowed = max(ALWAYS_ALLOWED, MOST_TIMES * export.size)
    if export.compression == "none" or not _could_exceed(export, allowed):
        return
    try:
        with open_bytes(export.path, export.compression) as stream:
            unpacked = 0
            while chunk := stream.read(1 << 20):
                unpacked += len(chunk)
                if unpacked > allowed:
                    raise InputError(
                        f"{export.name}: unpacks to more than {unpacked / export.size:,.0f} times its {export.size:,} "
                        f"bytes, as no log does (the limit is {MOST_TIMES} times, and 1 GiB in any case); if you know "
                        "what is in it, load it with --no-unpack-limit"
                    )
    except DAMAGED as error:
        raise InputError(f"{export.name}: cannot be unpacked ({error}); the file is damaged or cut off") from error


def _could_exceed(export: Export, allowed: int) -> bool:
    if export.compression == "zstd":
        return most_unpacked(export.path) > allowed
    if export.size * DEFLATE_MOST <= allowed:
        return False
    with export.path.open("rb") as packed:
        return max(_sampled(packed), _stated(packed, export.size) / export.size) > SUSPICIOUS_TIMES


def _sampled(packed: BinaryIO) -> float:
    """How often its size the beginning of a gzip file unpacks to."""
    sample = packed.read(SAMPLE)
    unpacker = zlib.decompressobj(wbits=31)
    unpacked = unpacker.decompress(sample, SAMPLE_UNPACKED)
    return len(unpacked) / (len(sample) - len(unpacker.unconsumed_tail) or 1)


def _stated(packed: BinaryIO, size: int) -> int:
    """The unpacked size of the last member of a gzip file, modulo 4 GB."""
    packed.seek(size - 4)
    return int.from_bytes(packed.read(4), "little")
