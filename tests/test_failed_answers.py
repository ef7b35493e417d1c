"""An answer that the candidate did not manage to give is a loss, also where few enough fail to be within the margin."""

import polars as pl
import pytest
from paired import outcomes, verdicts, workload, workload_frame


def test_failed_answers_and_wrong_ones_add_up() -> None:
    right, wrong = outcomes("tag", both=920), outcomes("tag", both=0, lost=40)
    failed = outcomes("tag", both=0, lost=40, parse_failed=True)
    row = verdicts(workload_frame(workload("tag", margin=6.0)), pl.concat([right, wrong])).row(0, named=True)
    assert (row["verdict"], row["quality_loss_point"]) == ("route", pytest.approx(100 * 40 / 960))
    found = verdicts(workload_frame(workload("tag", margin=6.0)), pl.concat([right, wrong, failed])).row(0, named=True)
    assert (found["verdict"], found["quality_loss_point"]) == ("keep", pytest.approx(8.0))
    assert found["parse_failure_share"] == pytest.approx(0.04)
