"""`compare` in the library: the documents of the command line, with and without traffic."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

import audit
from audit.cli import app
from audit.errors import ConfigError

TODAY = date(2026, 11, 22)


def test_a_comparison_with_traffic_is_that_of_the_command_line(traffic: audit.Audit) -> None:
    command = ["compare", "gpt-4o", "gpt-4o-mini", "--db", str(traffic.path), "--json", "--quiet"]
    said = json.loads(CliRunner().invoke(app, command).stdout)
    found = traffic.compare("gpt-4o", "gpt-4o-mini", today=date.fromisoformat(said["on"]))
    assert json.loads(json.dumps(found, default=float)) == said
    assert found["traffic"] is not None


def test_a_comparison_without_a_database_has_no_traffic(tmp_path: Path) -> None:
    page = tmp_path / "compared.html"
    document = audit.compare("gpt-4o", "gpt-4o-mini", on=TODAY, html=page)
    assert document["traffic"] is None
    assert "gpt-4o-mini" in page.read_text(encoding="utf-8")


def test_without_names_the_pairs_worth_a_look_are_listed(traffic: audit.Audit) -> None:
    document = traffic.compare(today=TODAY)
    assert document["schema"] == "traffic-audit/pairs/1"
    assert document["pairs"]


def test_one_model_is_no_pair_and_a_list_is_no_page(traffic: audit.Audit, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'gpt-4o' is one model; name two, or none"):
        traffic.compare("gpt-4o")
    with pytest.raises(ConfigError, match="a page needs two models"):
        traffic.compare(html=tmp_path / "pairs.html")
