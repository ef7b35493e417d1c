"""What a user might write instead: the columns that traffic-audit reads, then cost and number of distinct requests.

No prices, no savings, no rejects: a floor to look at, nothing to compare with.
"""

from audit.readers.litellm import SPEND_LOG_COLUMNS

DUCKDB = f"""
import duckdb, sys
con = duckdb.connect("by_hand.duckdb")
con.execute("set enable_progress_bar = false")
columns = {dict.fromkeys(SPEND_LOG_COLUMNS, "VARCHAR")}
read = f"read_json('{{sys.argv[1]}}', format = 'newline_delimited', columns = {{columns}})"
con.execute(f"create table log as from {{read}}")
print(*con.execute(
    "select sum(spend) from (select any_value(cast(spend as decimal(18, 9))) as spend from log group by request_id)"
).fetchone())
"""
CHDB = f"""
import sys
from chdb.session import Session
columns = ", ".join(f"`{{name}}` String" for name in {SPEND_LOG_COLUMNS})
db = Session("by_hand.chdb")
db.query("create database by_hand")
db.query(f"create table by_hand.log ({{columns}}) engine = MergeTree order by tuple()")
db.query(f"insert into by_hand.log select * from file('{{sys.argv[1]}}', JSONEachRow, '{{columns}}')")
print(db.query(
    "select sum(cost) from (select any(toDecimal64(spend, 9)) as cost from by_hand.log group by request_id)", "CSV"
))
"""
PANDAS = f"""
import sys
import pandas
wanted = set({SPEND_LOG_COLUMNS})
parts = pandas.read_json(sys.argv[1], lines=True, chunksize=100_000, dtype=False)
log = pandas.concat([part[[name for name in part if name in wanted]] for part in parts])
print(log.drop_duplicates("request_id")["spend"].sum())
"""
