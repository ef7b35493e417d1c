"""The frame of workloads has the same columns of the same kinds, whatever the evidence and without any traffic."""

from pathlib import Path

import audit
from audit.library.workload_columns import WORKLOADS


def test_the_columns_of_workloads_do_not_depend_on_the_traffic(tmp_path: Path) -> None:
    demo = audit.run_demo(tmp_path)
    traffic = audit.open(demo.db)
    full = traffic.report(config=demo.directory / "audit.toml", today=demo.today).workloads
    none = traffic.report(incumbent="gpt-4.1", today=demo.today).workloads
    assert (full.height > 0, none.height) == (True, 0)
    # a cascade is null, or columns of its own where a check is declared
    assert dict(full.drop("cascade").schema) == dict(none.schema) == WORKLOADS
