"""The paired outcomes of a database: what both models scored on the same prompts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from audit.config import read_config
from audit.errors import ConfigError
from audit.library.asking import path_of, paths_of
from audit.progress import shown
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.evidence.labels import Labelled
    from audit.evidence.outcome_log import Added
    from audit.grading.answer_log import AddedAnswers
    from audit.grading.judge_batch import JudgeBatch
    from audit.grading.judge_log import AddedVerdicts
    from audit.grading.score_log import AddedScores

Files = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The paired outcomes in one database; adding the same again changes nothing."""

    db: Path

    def add(self, files: Files, *, scale: str = "1", today: date | None = None) -> "list[Added]":
        """What became of each table of pairs: CSV, JSON Lines or Parquet with one row per pair.

        `scale` is the range of the scores: "5" is 0 to 5, "1-10" is 1 to 10.
        """
        from audit.evidence.outcome_log import add_outcomes

        return [add_outcomes(self.db, file, today=today or date.today(), scale=scale) for file in paths_of(files)]

    def add_answers(
        self,
        files: Files,
        sample: str | Path,
        *,
        references: str | Path | None = None,
        scale: str = "1",
        config: str | Path | None = None,
        today: date | None = None,
        progress: bool = False,
    ) -> "AddedAnswers":
        """What became of the output files of a sample's batches, graded: `audit outcomes add OUTPUT --sample DIR`.

        `references` is a table of what is known: sample_id or request_id, and expected or people's scores.
        """
        from audit.grading.answer_log import add_answers

        with shown(not progress) as telling:
            return add_answers(
                self.db,
                paths_of(files),
                Path(sample),
                read_config(path_of(config)),
                today=today or date.today(),
                references_file=path_of(references),
                scale=scale,
                progress=telling,
            )

    def add_scores(
        self,
        files: Files,
        *,
        harness: str | None = None,
        incumbent: str | None = None,
        candidate: str | None = None,
        endpoint: str | None = None,
        scale: str = "1",
        today: date | None = None,
    ) -> "AddedScores":
        """What became of the results of an eval harness: `audit outcomes add RESULTS`, recognised or named.

        `incumbent` and `candidate` are MODEL, or MODEL=NAME IN THE FILE; `endpoint` is what tests speak for that name
        none.
        """
        from audit.grading.harness_files import recognised
        from audit.grading.harness_map import harness_map
        from audit.grading.score_log import add_scores

        paths = paths_of(files)
        known = recognised(paths[0]) if harness is None else harness_map(harness)
        if known is None:
            raise ConfigError(f"{paths[0]}: no harness is recognised in it; name one as harness=, or use add()")
        return add_scores(
            self.db,
            paths,
            known,
            today=today or date.today(),
            incumbent=incumbent,
            candidate=candidate,
            endpoint=endpoint,
            scale=scale,
        )

    def judge(
        self,
        outputs: Files,
        sample: str | Path,
        model: str,
        *,
        rubric: str | Path | None = None,
        endpoints: Sequence[str] = (),
        out: str | Path | None = None,
        labels: int = 150,
        seed: int = 1,
        config: str | Path | None = None,
        today: date | None = None,
    ) -> "JudgeBatch":
        """The folder written, in which the judge `model` is asked to compare both answers in either order.

        `outputs` are the output files of the replayed batches, `sample` their folder, `rubric` a text file that says
        what a better answer is; `labels` pairs are drawn for people to label.
        """
        from audit.grading.judge_batch import write_judge_batch
        from audit.grading.judge_rubric import read_judge

        return write_judge_batch(
            Path(sample),
            paths_of(outputs),
            read_judge(model, path_of(rubric)),
            read_config(path_of(config)),
            today=today or date.today(),
            out=path_of(out),
            endpoints=endpoints,
            labels=labels,
            seed=seed,
        )

    def judged(
        self, folder: str | Path, outputs: Files, *, config: str | Path | None = None, today: date | None = None
    ) -> "AddedVerdicts":
        """What became of the judge's replies to the batch in `folder`."""
        from audit.grading.judge_log import add_verdicts

        settings, day = read_config(path_of(config)), today or date.today()
        return add_verdicts(self.db, Path(folder), paths_of(outputs), settings, today=day)

    def label(self, file: str | Path, *, scale: str = "1") -> "Labelled":
        """What became of people's labels of judged pairs."""
        from audit.evidence.labels import add_labels

        return add_labels(self.db, Path(file), scale=scale)

    def show(self, endpoints: Sequence[str] = ()) -> pl.DataFrame:
        """One row per endpoint, pair of models and grader, with counts, mean scores (0 to 1) and costs in USD."""
        from audit.evidence.outcome_listing import stored_outcomes

        with Warehouse.read(self.db) as warehouse:
            return pl.DataFrame(stored_outcomes(warehouse, endpoints), infer_schema_length=None)
