"""Portkey's own gateway on loopback, in front of a provider that answers by the name of the model it was asked for."""

import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from node_packages import NODE, installed

VERSION = "1.15.2"
SECRET = "sk-of-the-provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Where the gateway listens, and where the provider behind it does."""

    port: int
    provider: str

    def config(self, rendered: str) -> dict[str, Any]:
        """A config as its user would complete it: the key filled in; and every target sent to the provider here."""
        whole = cast("dict[str, Any]", json.loads(rendered.replace("${OPENAI_API_KEY}", SECRET)))

        def lead(target: dict[str, Any]) -> None:
            for each in target.get("targets", []):
                lead(each)
            if "provider" in target:
                target["custom_host"] = self.provider

        del whole["notes"]  # they fit into no header; that the schema lets them pass is a test of its own
        lead(whole)
        return whole

    def ask(self, config: dict[str, Any], model: str, metadata: str | None = None) -> tuple[int, str]:
        """The status, and the model that the provider was asked for or the gateway's error."""
        headers = {"content-type": "application/json", "x-portkey-config": json.dumps(config)}
        if metadata is not None:
            headers["x-portkey-metadata"] = metadata
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text)["model"] if response.status == 200 else text


class _Provider(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        is_known = self.headers["authorization"] == f"Bearer {SECRET}"
        message = {"role": "assistant", "content": "ok"}
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        text = json.dumps(answer if is_known else {"error": {"message": "no such key"}}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def running(folder: Path) -> Generator[Gateway, None, None]:
    """The gateway as npm has it; skips the test where npm has nothing."""
    package = installed("@portkey-ai/gateway", VERSION)
    provider = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with (folder / "gateway.log").open("w") as log:
        command = [NODE, package / "build" / "start-server.js", f"--port={port}", "--headless"]
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            _wait(port, server)
            yield Gateway(port=port, provider=f"http://127.0.0.1:{provider.server_port}/v1")
        finally:
            server.terminate()
            server.wait(timeout=30)
            provider.shutdown()
            provider.server_close()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "the gateway ended by itself"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")
