"""What a script may rely on: exit codes, one JSON document, nothing but the result on standard output."""

import gzip
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from audit.cli import SECTIONS, app
from audit.commands.options import CHECK_FAILED, ERROR

AUDIT = str(Path(sys.executable).with_name("audit"))
USAGE = 2
HEAVY = ("duckdb", "polars", "plotly", "sqlglot", "numpy", "scipy", "genai_prices", "rich")
SAMPLE = Path(__file__).parent / "data" / "samples" / "litellm" / "litellm_1.106.2_spend_logs.jsonl"


def run(*arguments: str, folder: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([AUDIT, *arguments], cwd=folder, input=stdin, capture_output=True, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    assert run("load", str(SAMPLE), "--quiet", folder=folder).returncode == 0
    return folder


def test_every_command_stands_in_one_section_of_the_help() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(group.commands)
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert "..." not in shown.replace("[ARGS]...", "")
    assert re.findall(r"^(\S.*):$", shown, re.MULTILINE) == ["Options", *SECTIONS]


@pytest.mark.parametrize("code", ["import audit", "from audit.cli import app", "import audit.cli"])
def test_help_and_import_load_nothing_heavy(code: str) -> None:
    script = f"{code}; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_itself_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['audit', '--help']\n"
        "from audit.cli import app\n"
        "try: app()\n"
        f"except SystemExit: print([name for name in {HEAVY[:-1]!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "command", ["demo", "load", "report", "status", "rejects", "init", "rebuild", "unload", "cluster", "compare"]
)
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    done = run(command, "--help", folder=tmp_path)
    assert done.returncode == 0
    assert "Usage:" in done.stdout


def test_a_load_prints_one_json_document_with_the_counts_of_the_contract(tmp_path: Path) -> None:
    done = run("load", str(SAMPLE), "--json", folder=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert document["rows"] == {"read": 4, "loaded": 4, "duplicate": 0, "rejected": 0}
    assert {"path", "format", "read", "loaded", "duplicate", "rejected", "seconds"} <= set(document["files"][0])


def test_standard_input_is_a_file_like_any_other(tmp_path: Path) -> None:
    done = run("load", "-", "--json", folder=tmp_path, stdin=gzip.compress(SAMPLE.read_bytes()))
    assert json.loads(done.stdout)["rows"]["loaded"] == 4


def test_a_pipe_is_a_file_like_any_other(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    Thread(target=lambda: pipe.write_bytes(gzip.compress(SAMPLE.read_bytes())), daemon=True).start()
    assert json.loads(run("load", str(pipe), "--json", folder=tmp_path).stdout)["rows"]["loaded"] == 4


@pytest.mark.parametrize("path", ["", "/dev/zero"])
def test_what_is_neither_file_nor_folder_nor_pipe_is_not_read(path: str, tmp_path: Path) -> None:
    (tmp_path / "here.jsonl").write_bytes(SAMPLE.read_bytes())
    done = run("load", path, folder=tmp_path)
    assert (done.returncode, done.stdout) == (ERROR, "")


def test_a_rejected_record_is_exit_0_and_with_strict_exit_3(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(SAMPLE.read_bytes() + b"#### broken\n")
    assert run("load", "log.jsonl", folder=tmp_path).returncode == 0
    assert run("load", "log.jsonl", "--db", "other.duckdb", "--strict", folder=tmp_path).returncode == CHECK_FAILED


def test_a_refused_file_is_exit_1_and_the_others_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    done = run("load", "empty.jsonl", str(SAMPLE), "--json", folder=tmp_path)
    assert done.returncode == ERROR
    assert json.loads(done.stdout)["rows"]["loaded"] == 4
    assert "empty.jsonl" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("load",),
        ("report", "--monthly-requests", "-5"),
        ("sql", "--dialect", "cobol"),
        ("report", "--since", "x"),
        ("load", "a.csv", "--format", "bedrock", "--map", "map.toml"),
        ("compare", "gpt-4o"),
        ("compare", "--html", "page.html"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert run(*arguments, folder=tmp_path).returncode == USAGE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("load", "missing.csv"), "missing.csv: no such file or folder"),
        (("report",), "audit load PATH"),
        (("prices", "gpt-4o-mni"), "gpt-4o-mini"),
        (("prices", "our-model"), "`audit prices MODEL --template`"),
        (("sql", "trafic_cells"), "traffic_cells"),
        (("report", "--config", "none.toml"), "none.toml: no such file"),
        (("compare", "gpt-4o", "gpt-4o-mni"), "gpt-4o-mini"),
        (("compare",), "or name two models: `audit compare gpt-4o gpt-4o-mini`"),
        (("compare", "gpt-4o", "gpt-4o-mini", "--db", "none.duckdb"), "none.duckdb: no such database"),
        (("compare", "gpt-4o", "gpt-4o-mini", "--html", "none/page.html"), "none/page.html: no file can be written"),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == ERROR
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_for_an_unknown_model_names_the_nearest(loaded: Path) -> None:
    done = run("report", "--to", "gpt-4o-mni", folder=loaded)
    assert done.returncode == ERROR
    assert "'gpt-4o-mni'; nearest: gpt-4o-mini" in done.stderr


def test_a_report_without_a_day_of_logs_has_no_monthly_figure_unless_told_the_volume(loaded: Path) -> None:
    plain = json.loads(run("report", "--json", "--quiet", folder=loaded).stdout)
    scaled = json.loads(run("report", "--json", "--quiet", "--monthly-requests", "4000", folder=loaded).stdout)
    assert plain["savings"]["ceiling"]["monthly"] is None
    window, monthly = (scaled["savings"]["ceiling"][name]["point"] for name in ("window", "monthly"))
    assert monthly == pytest.approx(window * 1000)


def test_a_page_is_written_also_where_nobody_reads_the_text_to_its_end(loaded: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    command = [AUDIT, "report", "--quiet", "--db", str(loaded / "usage.duckdb"), "--html", str(page)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    process.communicate()
    assert page.read_text(encoding="utf-8").endswith("</html>\n")


def test_a_piped_report_has_80_columns_and_no_colour(loaded: Path) -> None:
    done = run("report", "--quiet", folder=loaded)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout


def test_status_and_rejects_speak_json(loaded: Path) -> None:
    status = json.loads(run("status", "--json", folder=loaded).stdout)
    assert status["rows"]["loaded"] == 4
    assert json.loads(run("rejects", "--json", folder=loaded).stdout) == []


def test_a_locked_database_is_named_with_its_holder(loaded: Path) -> None:
    script = "import duckdb, sys; con = duckdb.connect('usage.duckdb'); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script], cwd=loaded, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = run("status", folder=loaded)
    finally:
        holder.communicate("")
    assert done.returncode == ERROR
    assert str(holder.pid) in done.stderr


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "usage.duckdb")) as con:
        con.execute("create table sales (amount integer)")
    done = run("load", str(SAMPLE), folder=tmp_path)
    assert done.returncode == ERROR
    assert "a DuckDB file of something else" in done.stderr


def test_too_little_memory_is_an_error_that_says_how_to_allow_more(tmp_path: Path) -> None:
    row = json.loads(SAMPLE.read_text(encoding="utf-8").splitlines()[0])
    row["messages"] = json.dumps([{"role": "user", "content": "a long document " * 6_000}])
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row | {"request_id": str(n)}) + "\n" for n in range(400)))
    env = os.environ | {"AUDIT_MEMORY_LIMIT": "40MB"}
    done = subprocess.run(
        [AUDIT, "load", "log.jsonl"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == ERROR
    assert "AUDIT_MEMORY_LIMIT" in done.stderr
    assert run("load", "log.jsonl", folder=tmp_path).returncode == 0


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    done = run("--version", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"audit {version('traffic-audit')}\n")


@pytest.mark.parametrize("command", ["status", "rejects"])
def test_commands_that_read_take_quiet_like_the_others(loaded: Path, command: str) -> None:
    assert run(command, "--quiet", folder=loaded).stdout == run(command, folder=loaded).stdout != ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("rejects",),
        ("rebuild",),
        ("init", "written.toml"),
        ("cluster", "--refit"),
        ("formats",),
        ("prices",),
        ("sql",),
        ("sql", "requests"),
        ("outcomes", "show"),
        ("report",),
        ("compare", "gpt-4o", "gpt-4o-mini"),
        ("compare",),
    ],
)
def test_every_command_with_a_result_gives_it_as_one_json_document(loaded: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--json", folder=loaded)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict | list)


def test_times_in_json_are_of_one_kind_in_status_and_report(loaded: Path) -> None:
    status, report = (json.loads(run(name, "--json", folder=loaded).stdout) for name in ("status", "report"))
    assert status["window"] == {name: report["window"][name] for name in ("start", "end")}
    assert status["files"][0]["loaded_at"].endswith("+00:00")


@pytest.mark.parametrize("model", ["gpt-4o-mini", "our-model"])
def test_a_template_of_prices_is_read_once_its_blanks_are_filled_in(tmp_path: Path, model: str) -> None:
    written = run("prices", model, "--template", folder=tmp_path).stdout
    blank = written.count(",,contract")
    assert blank == (0 if model == "gpt-4o-mini" else 3)
    (tmp_path / "prices.csv").write_text(written.replace(",,contract", ",7.25,contract"))
    (tmp_path / "audit.toml").write_text('[prices]\nfile = "prices.csv"\n')
    rows = json.loads(run("prices", model, "--json", folder=tmp_path).stdout)
    assert {row["token_class"] for row in rows} >= {"input", "cache_read", "output"}
    assert (7.25 in {row["usd_per_million"] for row in rows}) == bool(blank)
