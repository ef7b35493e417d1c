"""Objects in S3, Google Cloud Storage and Azure, and files behind http(s), read where they lie.

The clients are fsspec file systems, each an extra of this package. DuckDB reads through them by ranges of bytes, so
that an object of any size is streamed: checked with DuckDB 2.0.1 for JSON lines and CSV, plain, .gz and .zst, and for
Parquet. What is copied to disk instead: small objects (many at a time, as each request costs a round trip), files of a
web server that gives no ranges, and what `parts_of` and byte order marks need. A .zst object is read once more than it
is loaded, to see that it is whole.
"""

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from glob import has_magic
from importlib import import_module
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Any, Literal, Protocol, cast

from audit.errors import InputError
from audit.readers.addresses import WEB, scheme_of, scrubbed, shown
from audit.readers.locations import Location, RemoteFile, is_hidden

SMALL = 1 << 20
"""Bytes up to which an object is copied: it is looked into several times, and a folder can hold thousands."""
MOST_COPIED = 1 << 30
"""Bytes of small objects that one address may put on the disk; what lies beyond is streamed."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The client of a kind of address."""

    extra: str
    module: str
    errors: tuple[str, ...]
    """What its libraries raise beside OSError and ValueError, as module:class."""
    credentials: str


AWS = Provider(
    "s3",
    "s3fs",
    ("botocore.exceptions:BotoCoreError", "botocore.exceptions:ClientError"),
    "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
)
GOOGLE = Provider(
    "gcs",
    "gcsfs",
    ("google.auth.exceptions:GoogleAuthError", "aiohttp:ClientError"),
    "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`",
)
AZURE = Provider(
    "azure",
    "adlfs",
    ("azure.core.exceptions:AzureError",),
    "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or _SAS_TOKEN",
)
PROVIDERS = {
    "s3": AWS,
    "s3a": AWS,
    "gs": GOOGLE,
    "gcs": GOOGLE,
    "az": AZURE,
    "abfs": AZURE,
    "abfss": AZURE,
    "http": Provider("http", "aiohttp", ("aiohttp:ClientError",), "a presigned address, or user and password in it"),
}
PROVIDERS["https"] = PROVIDERS["http"]

Info = Mapping[str, object]


class FileSystem(Protocol):
    """The part of an fsspec file system that is used here."""

    def info(self, path: str) -> Info:
        """Name, size and type of an object or folder."""
        ...

    def find(self, path: str, *, detail: Literal[True]) -> Mapping[str, Info]:
        """All objects below a folder."""
        ...

    def glob(self, path: str, *, detail: Literal[True]) -> Mapping[str, Info]:
        """All objects and folders that match."""
        ...

    def cat_file(self, path: str, *, start: int, end: int) -> bytes:
        """Some bytes of an object."""
        ...

    def get(self, rpath: list[str], lpath: list[str]) -> object:
        """Copy objects, many at a time."""
        ...


class Store:
    """The file system behind an address, and what its errors mean."""

    def __init__(self, address: str) -> None:
        """Make the client; InputError where its extra is not installed or the address is none it takes."""
        self.address = address
        self.name = shown(address)
        self.scheme = scheme_of(address) or ""
        if self.scheme not in PROVIDERS:
            raise InputError(
                f"{self.name}: addresses that begin with {self.scheme}:// are not read; s3://, gs://, az://, "
                "https:// and postgresql:// are"
            )
        self.provider = PROVIDERS[self.scheme]
        try:
            import_module(self.provider.module)
            # what goes wrong is said once, by the error, and without the address that a client logs
            logging.getLogger(self.provider.module).setLevel(logging.CRITICAL)
            core = cast("Any", import_module("fsspec.core"))
            self.errors = (OSError, ValueError, *(_class(name) for name in self.provider.errors))
        except ImportError as error:
            raise InputError(
                f"{self.name}: reading {self.scheme}:// needs the package {self.provider.module}: "
                f"pip install 'traffic-audit[{self.provider.extra}]'"
            ) from error
        with self.told(f"{self.name}: cannot be reached"):
            found = core.url_to_fs(address, skip_instance_cache=True, use_listings_cache=False)
        self.system = cast("FileSystem", found[0])
        self.path = cast("str", found[1])

    @contextmanager
    def told(self, what: str) -> Generator[None, None, None]:
        """Whatever the client raises as one InputError that begins with `what`; nothing of it is kept."""
        try:
            yield
        except self.errors as raised:
            # fsspec calls whatever goes wrong with a web address "not found"; why is in the cause
            cause = raised.__cause__ if self.scheme in WEB else None
            error = cause if isinstance(cause, self.errors) and "404" not in str(cause) else raised
            if isinstance(error, FileNotFoundError):
                raise InputError(f"{self.name}: no such bucket, folder or object") from None
            reason = scrubbed(error, self.address) or type(error).__name__
            advice = f"; credentials come from {self.provider.credentials}" if _is_denied(error) else ""
            raise InputError(f"{what} ({reason}){advice}") from None

    def objects(self, spool: Path | None = None) -> dict[str, Location]:
        """The object, the objects of a folder, or those that match a pattern, by name; small ones copied to `spool`.

        Without a `spool` nothing is copied, and InputError is raised for what cannot be read without.
        """
        with self.told(f"{self.name}: cannot be reached"):
            if self.scheme in WEB:
                return self._page(spool)
            found = {
                path: self._file(path, self._name(path), int(str(info["size"])))
                for path, info in sorted(self._listed().items())
                if info["type"] == "file" and not path.endswith("/")
            }
            if not found:
                raise InputError(f"{self.name}: holds no objects, or none matches")
            copied = self._copied(found, spool) if spool is not None else {}
        return {file.name: copied.get(path, file) for path, file in found.items()}

    def _page(self, spool: Path | None) -> dict[str, Location]:
        info = self.system.info(self.path)
        size = info.get("size")
        if isinstance(size, int) and self._has_ranges():
            return {self.name: self._file(self.path, self.name, size)}
        if spool is None:
            raise InputError(f"{self.name}: the server gives no parts of a file")
        copy = Path(mkdtemp(dir=spool)) / "copy"
        self.system.get([self.path], [str(copy)])
        return {self.name: copy}

    def _has_ranges(self) -> bool:
        """Found by asking for the second byte: few servers say whether they give parts of a file."""
        try:
            return len(self.system.cat_file(self.path, start=1, end=2)) == 1
        except ValueError:
            return False

    def _listed(self) -> Mapping[str, Info]:
        try:
            info = self.system.info(self.path)
        except FileNotFoundError:
            if not has_magic(self.path):
                raise
            return self.system.glob(self.path, detail=True)
        if info["type"] == "file":
            return {self.path: info}
        return {
            path: each
            for path, each in self.system.find(self.path, detail=True).items()
            if not is_hidden(PurePosixPath(path).relative_to(self.path))
        }

    def _name(self, path: str) -> str:
        """The address of an object: the bucket as it was given, and its key."""
        host = self.name.split("/", 3)[2]
        return f"{self.scheme}://{host}/{path.partition('/')[2]}"

    def _file(self, path: str, name: str, size: int) -> RemoteFile:
        return RemoteFile(name, size, partial(self._fetch, path, name))

    def _fetch(self, path: str, name: str, start: int, end: int) -> bytes:
        with self.told(f"{name}: reading failed at byte {start:,}"):
            return self.system.cat_file(path, start=start, end=end)

    def _copied(self, files: Mapping[str, RemoteFile], spool: Path) -> dict[str, Path]:
        copies: dict[str, Path] = {}
        folder, room = Path(mkdtemp(dir=spool)), MOST_COPIED
        for number, (path, file) in enumerate(files.items()):
            if 0 < file.size <= min(SMALL, room):
                copies[path] = folder / str(number)
                room -= file.size
        if copies:
            self.system.get(list(copies), [str(copy) for copy in copies.values()])
        return copies


def _class(name: str) -> type[Exception]:
    module, _, attribute = name.partition(":")
    return cast("type[Exception]", getattr(import_module(module), attribute))


def _is_denied(error: Exception) -> bool:
    words = ("credential", "denied", "forbidden", "auth", "401", "403", "account", "signature")
    return isinstance(error, PermissionError) or any(word in str(error).lower() for word in words)
