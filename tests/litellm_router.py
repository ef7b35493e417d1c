"""LiteLLM's own Router over a rendered configuration: it reads the YAML, and nothing leaves the machine."""

import asyncio
import os
import warnings
from collections.abc import Coroutine, Mapping
from functools import cache
from importlib import import_module
from threading import Thread
from typing import Any

import yaml


@cache
def litellm() -> Any:
    """The package, imported once: it takes seconds, warns about its own dependencies, and would fetch a price map."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("OPENAI_API_KEY", "not a key")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("litellm")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One event loop for all, because the Router keeps locks of the loop it first ran in; Playwright's may be running
    in the thread of the tests."""
    found = asyncio.new_event_loop()
    Thread(target=found.run_forever, daemon=True).start()
    return found


def awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine of LiteLLM's returns."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result(60)


def configured(text: str, **more: object) -> Any:
    """A Router of the proxy's YAML; with `more` in `litellm_params` of every deployment."""
    document = yaml.safe_load(text)
    assert set(document) == {"model_list", "router_settings"}
    for each in document["model_list"]:
        each["litellm_params"].update(more)
    return litellm().Router(model_list=document["model_list"], **document["router_settings"])


def chosen(router: Any, name: str, tags: list[str] | None, **request: object) -> str:
    """The model of the deployment that the router takes, as `provider/model`."""
    kwargs: Mapping[str, object] = request if tags is None else {"metadata": {"tags": tags}, **request}
    found = awaited(router.select(name, request_kwargs=dict(kwargs)))
    return str(found["litellm_params"]["model"])
