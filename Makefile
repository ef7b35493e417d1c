# Every target makes its own virtual environment; Python 3.11 or newer and make are all it needs.
PYTHON ?= python3
BIN := .venv/bin
# Tests and benchmarks start hundreds of processes: each module is compiled once, as on a user's machine.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test tests test-spark lint bench bench-page bench-peers scale backtest rollouts torture fuzz docs notebooks clean

demo: .venv/demo ## the whole tour on bundled real data, an HTML page at the end
	$(BIN)/audit demo

test: .venv/dev ## lint, types, import contract and tests, side by side
	$(MAKE) --no-print-directory --jobs 2 lint tests

tests: .venv/dev ## the tests alone, one worker per processor, but for those of Spark; `.venv/bin/python -m pytest tests/test_x.py` for a few
	$(BIN)/python -m pytest --numprocesses logical --dist worksteal -m "not spark"

test-spark: .venv/dev ## both engines on the same records, and a cluster of two workers; needs Java 17
	AUDIT_TEST_SPARK=1 $(BIN)/python -m pytest --numprocesses logical --dist worksteal -m spark tests

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/pyright

bench: .venv/dev ## load and report against bare DuckDB, in one run; ROWS=2000000
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench.py --rows $(or $(ROWS),2000000)

bench-page: .venv/dev ## what the HTML report weighs and how soon it can be used; writes tests/benchmarks/page.json
	PYTHONPATH=. $(BIN)/python tests/benchmarks/page.py

bench-peers: .venv/dev ## beside other packages, from the registry, on the same logs; twenty minutes; writes tests/benchmarks/peers.json
	PYTHONPATH=. $(BIN)/python -m tests.benchmarks.peers

scale: .venv/dev ## 1M, 10M and 100M requests: processor time, memory, bytes, cells; ROWS="1000000" KEPT="rows cells" FOLDER=/with/12/GB
	PYTHONPATH=. $(BIN)/python tests/benchmarks/scale.py $(if $(ROWS),--rows $(ROWS)) $(if $(KEPT),--kept $(KEPT)) $(if $(FOLDER),--folder $(FOLDER))

rollouts: .venv/dev ## 1,000 simulated rollouts in ten worlds, stopped by the monitor's rules; ten minutes
	PYTHONPATH=. $(BIN)/python tests/benchmarks/monitor.py

backtest: .venv/dev ## verdicts, intervals and savings against known truths, 1,000 samples each; ten minutes
	PYTHONPATH=. $(BIN)/python tests/benchmarks/backtest.py --resamples $(or $(RESAMPLES),1000)

fuzz: .venv/dev ## mutated samples through every reader; SECONDS=60; findings go to fuzz-findings/
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	PYTHONPATH=tests $(BIN)/python tests/fuzz.py --seconds $(or $(SECONDS),60)

TORTURE := kill full_disk growing second_audit memory bombs small_files
torture: .venv/dev ## kills, full disks, growing files, bombs, 100,000 files: half an hour; TORTURE="kill memory"
	cd tests && for each in $(TORTURE); do ../$(BIN)/python -m torture.$$each || exit 1; done

docs: .venv/dev ## write the generated parts of the documents and the golden files of the report again
	PYTHONPATH=. $(BIN)/python tests/docs.py --write
	PYTHONPATH=. $(BIN)/python tests/golden.py --write

notebooks: .venv/dev ## execute the notebooks again and keep their text
	$(BIN)/python tests/run_notebooks.py

.venv/demo: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ .venv/demo

clean:
	rm -rf .venv audit-demo dist
