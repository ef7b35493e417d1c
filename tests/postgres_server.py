"""A private PostgreSQL server for tests: its own cluster in a temporary folder, on a loopback port with passwords."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "planted-word-of-postgres"
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
"""Where Debian puts them; they are not on the path there."""
REASON = "needs PostgreSQL's initdb and pg_ctl (Debian: apt-get install postgresql)"


def program(name: str) -> str | None:
    """The path of a program of the server."""
    return shutil.which(name) or next((str(folder / name) for folder in PROGRAMS if (folder / name).exists()), None)


@contextmanager
def running(folder: Path) -> Generator[int, None, None]:
    """The port of a server with a superuser `owner`; PostgreSQL refuses root, so root runs it as `postgres`."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    assert initdb is not None
    assert pg_ctl is not None
    owner = pwd.getpwnam("postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
    data, word = folder / "data", folder / "word"
    word.write_text(PASSWORD)
    for path in (folder, word):
        os.chown(path, owner.pw_uid, owner.pw_gid)

    def run(*command: str) -> None:
        who = owner.pw_uid if os.getuid() == 0 else None
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, user=who)
        assert done.returncode == 0, done.stderr

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    run(initdb, "-D", str(data), "-U", "owner", "-A", "scram-sha-256", f"--pwfile={word}", "-N", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run(pg_ctl, "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield port
    finally:
        run(pg_ctl, "-D", str(data), "-w", "-m", "immediate", "stop")
