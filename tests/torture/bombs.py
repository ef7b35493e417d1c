"""Packed files that unpack to far more than a log: refused by name in little time, while the others are loaded."""

import argparse
import json
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import zstandard
from exports import spend_log, spend_logs, write_jsonl

from torture.common import load, rows_of, say


def run(gigabytes: int) -> dict[str, float]:
    """Seconds and peak MB of a load of bombs of that size and a good file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bombs = [
            _gzip(folder / "lines.jsonl.gz", gigabytes),
            _zstd(folder / "lines.jsonl.zst", gigabytes, b""),
            _zstd(folder / "log_then_bomb.jsonl.zst", gigabytes, _log()),
            _gzip(folder / "document.json.gz", gigabytes, b"["),
        ]
        good = write_jsonl(folder / "good.jsonl.gz", spend_logs(2000))
        done = load(folder / "usage.duckdb", *bombs, good)
        assert rows_of(done)["loaded"] == 2000
        refused = json.loads(done.out)["refused"]
        assert done.code == 1
        assert len(refused) == len(bombs), refused
        for bomb, message in zip(bombs, refused, strict=True):
            assert message.startswith(f"{bomb}: unpacks to more than"), message
            assert "--no-unpack-limit" in message
        return {"packed_mb": round(sum(bomb.stat().st_size for bomb in bombs) / 1e6, 1), "unpacked_gb": 4 * gigabytes,
                "seconds": round(done.seconds, 1), "peak_mb": round(done.peak_mb)}  # fmt: skip


def _log() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in spend_logs(2000)).encode()


def _chunks(gigabytes: int, head: bytes) -> Iterator[bytes]:
    yield head
    line = json.dumps(spend_log(1)).encode() + (b"," if head == b"[" else b"\n")
    chunk = line * ((1 << 20) // len(line))
    for _ in range(gigabytes * 1025):
        yield chunk


def _gzip(path: Path, gigabytes: int, head: bytes = b"") -> Path:
    packer = zlib.compressobj(9, wbits=31)
    with path.open("wb") as out:
        for chunk in _chunks(gigabytes, head):
            out.write(packer.compress(chunk))
        out.write(packer.flush())
    return path


def _zstd(path: Path, gigabytes: int, head: bytes) -> Path:
    with path.open("wb") as out, zstandard.ZstdCompressor().stream_writer(out, closefd=False) as packer:
        for chunk in _chunks(gigabytes, head):
            packer.write(chunk)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=int, default=5)
    given = parser.parse_args()
    started = time.monotonic()
    say("bombs", run(given.gigabytes))
