"""An OpenAI-compatible server on loopback with canned answers (fakellm), and what a batch service does with it."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

Rule = dict[str, object]


@contextmanager
def serving(folder: Path, rules: Sequence[Rule]) -> Generator[str, None, None]:
    """The address of a server that answers by the first rule {name, when, respond} that fits."""
    config = folder / "fakellm.yaml"
    config.write_text(json.dumps({"version": 1, "rules": rules}), encoding="utf-8")  # JSON is YAML
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    program = "from fakellm.cli import main; main()"
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--port", str(port), "--config", str(config)],
            stdout=log,
            stderr=log,
        )
        try:
            _wait(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def execute_batch(address: str, batch_input: Path, output: Path) -> Path:
    """Send every line of a batch input to the server and write what the Batch API would: one line per request."""
    with batch_input.open(encoding="utf-8") as asked, output.open("w", encoding="utf-8") as out:
        for number, line in enumerate(asked):
            request = cast("dict[str, object]", json.loads(line))
            status, body = _post(f"{address}{request['url']}", request["body"])
            response = {"status_code": status, "request_id": f"req_{number}", "body": body}
            reply = {
                "id": f"batch_req_{number}",
                "custom_id": request["custom_id"],
                "response": response,
                "error": None,
            }
            out.write(json.dumps(reply) + "\n")
    return output


def _post(url: str, body: object) -> tuple[int, object]:
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended by itself"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")
