"""`audit policy` and `audit policy simulate` on the command line: results on stdout, all else on stderr."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import audit
from audit.cli import app
from audit.errors import AuditError, ConfigError, InputError


@pytest.fixture
def here(demo: audit.DemoResult, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's folder, whose audit.toml counts."""
    monkeypatch.chdir(demo.db.parent)
    monkeypatch.setenv("AUDIT_DB", str(demo.db))
    return demo.db.parent


def run(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout, result.stderr


@pytest.mark.usefixtures("here")
def test_the_neutral_policy_is_one_document_and_labels_are_told_apart_from_it() -> None:
    out, err = run("policy", "--quiet")
    policy = json.loads(out)
    assert policy["schema"] == "traffic-audit/policy/1"
    assert [rule["when"]["endpoint"] for rule in policy["rules"]] == ["gsm"]
    assert "note: Callers must send the endpoint as a label: gsm." in err


@pytest.mark.usefixtures("here")
def test_what_policy_writes_simulate_reads(tmp_path: Path) -> None:
    out, _ = run("policy", "--quiet", "--stage", "3", "--out", str(tmp_path / "policy.json"))
    assert out == f"{tmp_path / 'policy.json'}\n"
    half = json.loads(run("policy", "simulate", str(tmp_path / "policy.json"), "--json", "--quiet")[0])
    ours = json.loads(run("policy", "simulate", "--json", "--quiet")[0])
    assert half["schema"] == ours["schema"] == "traffic-audit/policy-replay/1"
    assert half["total"]["saving"]["point"] * 2 == pytest.approx(ours["total"]["saving"]["point"])
    assert ours["total"]["saving"]["point"] > 0


@pytest.mark.usefixtures("here")
def test_a_target_is_written_for_the_stage_and_what_it_cannot_see_is_said_beside_it() -> None:
    out, err = run("policy", "--quiet", "--target", "portkey", "--stage", "2")
    drawn = json.loads(out)["targets"][1]["targets"]
    assert [target["weight"] for target in drawn] == [100, 900]
    assert "note: Portkey cannot see the length of the input, tools, the response format, images or audio" in err


@pytest.mark.usefixtures("here")
def test_a_replay_in_words_has_both_kinds_of_loss_and_the_frontier_when_asked() -> None:
    out, _ = run("policy", "simulate", "all", "--quiet")
    text = " ".join(out.split())
    assert "Policy all, gpt-4o to gpt-4o-mini" in text
    assert "Quality loss by paired outcomes:" in text
    assert "Quality loss by published results, not measured here:" in text
    assert "Latency is not known" in text
    assert "Cost against loss" not in text
    assert "Cost against loss" in run("policy", "simulate", "all", "--quiet", "--frontier")[0]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["policy", "--stages", "1,x"], ConfigError, "--stages '1,x': give shares separated by commas"),
        (["policy", "--stage", "9"], ConfigError, "stage 9 does not exist"),
        (["policy", "--out", "no/such/folder/p.json"], ConfigError, "no file can be written there"),
        (["policy", "simulate", "nothing.json"], InputError, "nothing.json: cannot be read"),
        (["policy", "--target", "litelm"], AuditError, "unknown target 'litelm'; nearest: litellm"),
    ],
)
def test_what_cannot_be_done_is_one_error(arguments: list[str], error: type[AuditError], said: str) -> None:
    with pytest.raises(error) as raised:
        run(*arguments, "--quiet")
    assert said in str(raised.value)


def test_a_target_that_there_is_not_is_named_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="unknown target 'litelm'"):
        run("policy", "--target", "litelm", "--db", str(tmp_path / "misspelt.duckdb"), "--quiet")


@pytest.mark.usefixtures("here")
def test_only_pilots_can_be_included() -> None:
    result = CliRunner().invoke(app, ["policy", "--include", "keep"])
    assert result.exit_code == 2
    assert "only pilot can be included" in " ".join(result.stderr.split())


@pytest.mark.usefixtures("here")
def test_options_before_the_subcommand_are_refused_and_not_forgotten() -> None:
    result = CliRunner().invoke(app, ["policy", "--from", "gpt-4.1", "simulate"])
    assert result.exit_code == 2
    assert "options of simulate come after it" in " ".join(result.stderr.split())
