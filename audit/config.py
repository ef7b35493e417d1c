"""audit.toml: what only the user can know. Every key is optional, every unknown key is an error."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self, cast

from audit.errors import ConfigError, UnknownNameError
from audit.grader_settings import GraderSettings, grader_settings

Stakes = Literal["low", "normal", "core"]
STAKES: tuple[Stakes, ...] = ("low", "normal", "core")

SECTIONS: dict[str, tuple[str, ...] | None] = {
    "endpoint": ("field", "rewrite"),
    "models": None,
    "prices": ("file", "discount"),
    "stakes": None,
    "task_types": None,
    "assumptions": None,
    "check": ("sensitivity", "false_alarm_rate", "usd_per_check", "endpoint"),
    "sources": ("use", "add_up"),
    "metadata": ("keep",),
    "graders": None,
    "routing": ("one_time_cost", "monthly_cost"),
}
"""The sections and their keys; None where the keys are the user's own names."""

CONFIG_NAME = "audit.toml"
"""The settings that are read where none are named: those of the working folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRule:
    """Where the endpoint of a request is found: `tag:PREFIX`, `route`, `prompt_name` or `metadata.KEY`."""

    field: str
    key_text: str = ""
    is_option: bool = False
    """Given on the command line: it stays when an audit.toml without a rule is read later."""

    @property
    def stored(self) -> str:
        """The rule as databases and results of warehouse scripts keep it.

        >>> EndpointRule.of_stored("tag:app:").stored
        'tag:app:'
        """
        return f"{self.field}:{self.key_text}"

    @classmethod
    def of_stored(cls, text: str) -> Self:
        """The rule that was kept as `text`."""
        field, _, key_text = text.partition(":")
        return cls(field=field, key_text=key_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A pattern over endpoint names and what a match becomes."""

    pattern: re.Pattern[str]
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingCosts:
    """What the routing layer costs, in USD: to build, and every month."""

    one_time_cost: Decimal = Decimal(0)
    monthly_cost: Decimal = Decimal(0)
    are_stated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of audit.toml, checked."""

    path: Path | None = None
    endpoint: EndpointRule | None = None
    rewrites: tuple[Rewrite, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    """Deployment or alias -> model, for names that no catalogue knows."""
    prices_file: Path | None = None
    discount: Decimal = Decimal(0)
    stakes: Mapping[str, Stakes] = field(default_factory=dict[str, Stakes])
    task_types: Mapping[str, str] = field(default_factory=dict[str, str])
    assumptions: Mapping[str, object] = field(default_factory=dict[str, object])
    check: Mapping[str, object] = field(default_factory=dict[str, object])
    sources: tuple[str, ...] = ()
    """The source formats that count where several show the same traffic."""
    add_up: tuple[str, ...] = ()
    """The source formats whose exports are different traffic although they look like the same."""
    metadata_keys: tuple[str, ...] = ()
    graders: Mapping[str, GraderSettings] = field(default_factory=dict[str, GraderSettings])
    """Endpoint -> how its answers are compared."""
    routing: RoutingCosts = RoutingCosts()

    def stakes_of(self, endpoint: str) -> Stakes:
        """How much is at stake on an endpoint; 'normal' unless stated."""
        return self.stakes.get(endpoint, "normal")


def with_endpoint(config: Config, text: str) -> Config:
    """The settings with the endpoint where `text` says, as `--endpoint` does; a metadata key it needs is kept."""
    rule = replace(endpoint_rule(text), is_option=True)
    kept = (rule.key_text,) if rule.field == "metadata" else ()
    return replace(config, endpoint=rule, metadata_keys=(*config.metadata_keys, *kept))


def endpoint_rule(text: str, where: str = "--endpoint") -> EndpointRule:
    """The rule that `text` states, which stands at `where`.

    >>> endpoint_rule("tag:feature-")
    EndpointRule(field='tag', key_text='feature-', is_option=False)
    """
    if text in ("route", "prompt_name"):
        return EndpointRule(field=text)
    if text == "tag" or text.startswith("tag:"):
        return EndpointRule(field="tag", key_text=text.removeprefix("tag").removeprefix(":"))
    if text.startswith("metadata.") and len(text) > len("metadata."):
        return EndpointRule(field="metadata", key_text=text.removeprefix("metadata."))
    raise ConfigError(
        f"{where} {text!r} is not one of tag:PREFIX, route, prompt_name, metadata.KEY; "
        "it says where in a request the endpoint is found"
    )


def read_config(path: Path | None) -> Config:
    """The settings of `path`, or of ./audit.toml where it exists and no path is given.

    Raises ConfigError naming the file, the key and the nearest known key.
    """
    if path is None:
        path = Path(CONFIG_NAME)
        if not path.is_file():
            return Config()
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; `audit init` writes one")
    try:
        document = cast("dict[str, object]", tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML ({error})") from error
    sections = {name: _section(path, name, value) for name, value in document.items()}
    return _config(path, sections)


def _section(path: Path, name: str, value: object) -> dict[str, object]:
    if name not in SECTIONS:
        raise ConfigError(f"{path}: {UnknownNameError('section', name, SECTIONS)}")
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {name} must be a section: [{name}]")
    section = cast("dict[str, object]", value)
    known = SECTIONS[name]
    for key in section:
        if known is not None and key not in known:
            raise ConfigError(f"{path}: {UnknownNameError(f'key of [{name}]', key, known)}")
    return section


def _config(path: Path, sections: Mapping[str, dict[str, object]]) -> Config:
    endpoint = sections.get("endpoint", {})
    prices = sections.get("prices", {})
    named = _text(path, "endpoint.field", endpoint["field"]) if "field" in endpoint else None
    rule = None if named is None else endpoint_rule(named, f"{path}: endpoint.field")
    kept = _texts(path, "metadata.keep", sections.get("metadata", {}).get("keep", []))
    if rule is not None and rule.field == "metadata" and rule.key_text not in kept:
        kept = (*kept, rule.key_text)
    prices_file = path.parent / _text(path, "prices.file", prices["file"]) if "file" in prices else None
    return Config(
        path=path,
        endpoint=rule,
        rewrites=_rewrites(path, endpoint.get("rewrite", [])),
        models={name: _text(path, f"models.{name}", model) for name, model in sections.get("models", {}).items()},
        prices_file=prices_file,
        discount=_discount(path, prices.get("discount", 0)),
        stakes={name: _stakes(path, name, value) for name, value in sections.get("stakes", {}).items()},
        task_types={
            name: _text(path, f"task_types.{name}", value) for name, value in sections.get("task_types", {}).items()
        },
        assumptions=sections.get("assumptions", {}),
        check=sections.get("check", {}),
        sources=_texts(path, "sources.use", sections.get("sources", {}).get("use", [])),
        add_up=_texts(path, "sources.add_up", sections.get("sources", {}).get("add_up", [])),
        metadata_keys=kept,
        graders=grader_settings(path, sections.get("graders", {})),
        routing=_routing(path, sections.get("routing", {})),
    )


def _text(path: Path, key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{path}: {key} = {value!r} must be a text in quotes")
    return value


def _texts(path: Path, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(f'{path}: {key} = {value!r} must be a list of texts: ["a", "b"]')
    return tuple(_text(path, key, item) for item in cast("list[object]", value))


def _stakes(path: Path, endpoint: str, value: object) -> Stakes:
    for known in STAKES:
        if value == known:
            return known
    raise ConfigError(f"{path}: stakes of {endpoint!r} = {value!r} must be one of {', '.join(STAKES)}")


def _discount(path: Path, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ConfigError(f"{path}: prices.discount = {value!r} must be a fraction from 0 to below 1 (0.15 is 15 %)")
    return Decimal(str(value))


def _routing(path: Path, section: Mapping[str, object]) -> RoutingCosts:
    costs: dict[str, Decimal] = {}
    for name, value in section.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ConfigError(f"{path}: routing.{name} = {value!r} must be an amount of USD from 0 up")
        costs[name] = Decimal(str(value))
    return RoutingCosts(**costs, are_stated=bool(costs))


def _rewrites(path: Path, value: object) -> tuple[Rewrite, ...]:
    rewrites: list[Rewrite] = []
    for item in cast("list[object]", value) if isinstance(value, list) else [value]:
        pair = cast("dict[str, object]", item) if isinstance(item, dict) else {}
        if set(pair) != {"pattern", "replacement"}:
            raise ConfigError(
                f"{path}: endpoint.rewrite = {item!r} must be a table {{ pattern = '…', replacement = '…' }}"
            )
        pattern = _text(path, "endpoint.rewrite.pattern", pair["pattern"])
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"{path}: endpoint.rewrite pattern {pattern!r} is not valid ({error})") from error
        rewrites.append(Rewrite(pattern=compiled, replacement=str(pair["replacement"])))
    return tuple(rewrites)


def rewritten(endpoint_text: str, rewrites: tuple[Rewrite, ...]) -> str:
    """The name of an endpoint after the user's patterns, in their order."""
    for rewrite in rewrites:
        endpoint_text = rewrite.pattern.sub(rewrite.replacement, endpoint_text)
    return endpoint_text
