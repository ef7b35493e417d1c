"""What an address of Spark Connect keeps to itself. Needs PySpark's client, and no Java."""

import traceback

import pytest

from audit.engines.session import session
from audit.errors import ConfigError

pytest.importorskip("pyspark.sql.connect.client", reason="needs pip install 'traffic-audit[spark-connect]'")
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

SECRET = "planted"
WRONG = (
    "sc://host/;planted-token",
    "sc://host/;token=plan=ted;x=planted=",
    "sc://host;token=planted",
    "sc://host:15002;token=planted@x",
    "sc://host/planted;a=b",
    "sc://host/planted",
    "sc://me:planted@host:port",
    "sc://me:planted;planted@host:port",
    "https://me:planted@host",
    "me:planted@host",
    "host;token=planted",
)
UNREACHABLE = (
    "sc://me:planted@127.0.0.1:1",
    "sc://127.0.0.1:1/;token=planted",
    "sc://127.0.0.1:1/;user_id=a@b;token=planted",
)


def said_of(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for proxy in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setenv("SPARK_REMOTE", address)
    with pytest.raises(ConfigError) as raised, session(None):
        pass
    assert SECRET not in "".join(traceback.format_exception(raised.value)), "in what a notebook shows"
    return str(raised.value)


@pytest.mark.parametrize("address", WRONG)
def test_an_address_that_is_wrong_shows_none_of_its_secrets(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is no address of Spark Connect, sc://HOST:PORT" in said_of(address, monkeypatch)


@pytest.mark.parametrize("address", UNREACHABLE)
def test_an_address_that_nothing_answers_at_is_shown_without_its_secrets(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = said_of(address, monkeypatch)
    assert said.startswith("SPARK_REMOTE=sc://127.0.0.1:1: nothing answers at 127.0.0.1:1 ")


def test_two_places_to_run_are_named_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_REMOTE", "sc://me:planted@host/;token=planted")
    said = "^--master local and SPARK_REMOTE=sc://host name two places to run"
    with pytest.raises(ConfigError, match=said), session("local"):
        pass
