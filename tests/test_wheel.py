"""The built wheel carries everything it needs and runs from another folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_runs_the_demo_from_another_folder(installed: Path, tmp_path: Path) -> None:
    script = (
        "import audit, sys; from audit.cli import main; from pathlib import Path\n"
        f"assert Path(audit.__file__).is_relative_to({str(installed)!r}), audit.__file__\n"
        "sys.argv = ['audit', 'demo', '--quiet']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "audit-demo" / "report.html").stat().st_size > 1_000_000


def test_the_wheel_hands_out_its_notebooks(installed: Path, tmp_path: Path) -> None:
    script = (
        "import audit; copied = audit.notebooks('mine'); print(audit.__file__)\n"
        "assert [each.path.suffix for each in copied] == ['.ipynb'] * 3 + ['.py'] * 2, copied"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(str(installed))


def test_the_wheel_carries_licences_queries_and_data(installed: Path) -> None:
    names = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    for needed in (
        "audit/queries/2_requests/requests.sql",
        "audit/queries/seeds/task_priors.csv",
        "audit/data/plotly/LICENSE",
        "audit/data/schemas/report.schema.json",
        "audit/data/demo/NOTICE.md",
        "audit/data/notebooks/02_routable_share.ipynb",
        "audit/data/notebooks/explore.py",
        "audit/py.typed",
    ):
        assert needed in names
    assert any(name.endswith("licenses/NOTICE") for name in names)
