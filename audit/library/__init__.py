"""What notebooks and scripts call: everything the command line does, as frames, documents and figures.

Every call opens the database and closes it again, read-only unless it changes something, so that an open notebook
blocks nobody. The names that `import audit` gives are listed in `audit/__init__.py`.

>>> import audit
>>> from datetime import date
>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> folder = TemporaryDirectory()
>>> demo = audit.run_demo(Path(folder.name))

What was loaded can be asked in Polars or in SQL:

>>> traffic = audit.open(demo.db)
>>> traffic.requests.group_by("endpoint").len().sort("len").tail(1).collect().row(0)
('conversation', 1936)
>>> traffic.sql("select count(distinct model) as models from requests")["models"].item()
2

A report answers a question about a pair of models; its settings and its clock are arguments:

>>> question = {"config": demo.directory / "audit.toml", "today": date(2026, 11, 22)}
>>> for level, share in traffic.savings(**question).select("level", "request_share_point").iter_rows():
...     print(f"{level}: {share:.0%} of requests")
measured: 21% of requests
expected: 34% of requests
ceiling: 100% of requests
>>> list(traffic.report(**question).figures)[:2]
['waterfall', 'daily']
>>> folder.cleanup()
"""
