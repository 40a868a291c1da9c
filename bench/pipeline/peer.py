"""The peers' side: a process that answers the questions that it is sent, a line each; duckdb, polars or pandas."""

import gc
import json
import sys
import time


class Duckdb:
    def __init__(self, start):
        import duckdb

        self.con = duckdb.connect(config={"threads": start["threads"], "memory_limit": f"{start['memoryMiB']}MiB"})
        for name, file in start["files"].items():
            if name == "csv":
                continue
            self.con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{file}')")

    def ask(self, task, question, sql, out):
        self.con.execute(f"COPY ({sql}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")


class Polars:
    def __init__(self, start):
        import polars

        self.pl = polars
        self.files = start["files"]

    def ask(self, task, question, sql, out):
        if task == "csv":
            self.clean().sink_parquet(out, compression="zstd", compression_level=3)
            return
        tables = {name: self.pl.scan_parquet(file) for name, file in self.files.items()}
        answer = getattr(self, f"{task}_{question}")(**tables)
        answer.sink_parquet(out, compression="zstd", compression_level=3)

    def clean(self):
        pl = self.pl
        kinds = {
            "id": pl.Int64, "at": pl.Datetime("us"), "city": pl.String, "product": pl.String, "qty": pl.String,
            "price": pl.Float64, "discount": pl.Float64, "delay": pl.String, "weight": pl.Float64,
            "returned": pl.Boolean, "note": pl.String,
        }
        numbers = [pl.col(name).cast(pl.Int64, strict=False) for name in ("qty", "delay")]
        return (
            pl.scan_csv(self.files["csv"], schema=kinds)
            .with_columns(*numbers, pl.col("city").str.strip_chars(" ").str.to_lowercase())
            .filter(pl.col("qty").is_not_null() & (pl.col("price") > 0))
            .with_columns(total=pl.col("price") * pl.col("qty") * (1 - pl.col("discount")))
        )

    def groupby_q1(self, x):
        return x.group_by("id1").agg(self.pl.sum("v1").cast(self.pl.Int64))

    def groupby_q2(self, x):
        return x.group_by("id1", "id2").agg(self.pl.sum("v1"))

    def groupby_q3(self, x):
        return x.group_by("id3").agg(self.pl.sum("v1"), self.pl.mean("v3"))

    def groupby_q4(self, x):
        return x.group_by("id4").agg(self.pl.mean("v1", "v2", "v3"))

    def groupby_q5(self, x):
        return x.group_by("id6").agg(self.pl.sum("v1", "v2", "v3"))

    def groupby_q6(self, x):
        v3 = self.pl.col("v3")
        return x.group_by("id4", "id5").agg(median_v3=v3.median(), sd_v3=v3.std())

    def groupby_q7(self, x):
        return x.group_by("id3").agg(range_v1_v2=self.pl.max("v1") - self.pl.min("v2"))

    def groupby_q8(self, x):
        return x.drop_nulls("v3").group_by("id6").agg(self.pl.col("v3").top_k(2)).explode("v3")

    def groupby_q9(self, x):
        return x.group_by("id2", "id4").agg(r2=self.pl.corr("v1", "v2") ** 2)

    def groupby_q10(self, x):
        keys = ["id1", "id2", "id3", "id4", "id5", "id6"]
        return x.group_by(keys).agg(self.pl.sum("v3"), count=self.pl.len())

    def join_q1(self, x, small, **_):
        return x.join(small.rename({"id4": "small_id4"}), on="id1")

    def join_q2(self, x, medium, how="inner", **_):
        return x.join(medium.rename({"id1": "medium_id1", "id4": "medium_id4", "id5": "medium_id5"}), on="id2", how=how)

    def join_q3(self, **tables):
        return self.join_q2(**tables, how="left")

    def join_q4(self, x, medium, **_):
        return x.join(medium.rename({"id1": "medium_id1", "id2": "medium_id2", "id4": "medium_id4"}), on="id5")

    def join_q5(self, x, big, **_):
        return x.join(big.rename({name: f"big_{name}" for name in ["id1", "id2", "id4", "id5", "id6"]}), on="id3")


GROUP = {"as_index": False, "sort": False, "observed": True, "dropna": False}
READS = {
    "q1": ["id1", "v1"],
    "q2": ["id1", "id2", "v1"],
    "q3": ["id3", "v1", "v3"],
    "q4": ["id4", "v1", "v2", "v3"],
    "q5": ["id6", "v1", "v2", "v3"],
    "q6": ["id4", "id5", "v3"],
    "q7": ["id3", "v1", "v2"],
    "q8": ["id6", "v3"],
    "q9": ["id2", "id4", "v1", "v2"],
    "q10": ["id1", "id2", "id3", "id4", "id5", "id6", "v3"],
}


class Pandas:
    def __init__(self, start):
        import pandas

        self.pd = pandas
        self.files = start["files"]

    def read(self, table, columns=None):
        return self.pd.read_parquet(self.files[table], columns=columns)

    def ask(self, task, question, sql, out):
        answer = self.group(question) if task == "groupby" else self.join(question)
        answer.to_parquet(out, compression="zstd", index=False)

    def group(self, question):
        x = self.read("x", READS[question])
        if question == "q6":
            return x.groupby(["id4", "id5"], **GROUP).agg(median_v3=("v3", "median"), sd_v3=("v3", "std"))
        if question == "q7":
            found = x.groupby("id3", **GROUP).agg({"v1": "max", "v2": "min"})
            return found.assign(range_v1_v2=found["v1"] - found["v2"])[["id3", "range_v1_v2"]]
        if question == "q8":
            return x[~x["v3"].isna()].sort_values("v3", ascending=False).groupby("id6", **GROUP).head(2)
        if question == "q9":
            x = x.assign(xx=x["v1"] * x["v1"], yy=x["v2"] * x["v2"], xy=x["v1"] * x["v2"])
            m = x.groupby(["id2", "id4"], **GROUP).mean()
            above = (m["xy"] - m["v1"] * m["v2"]) ** 2
            below = (m["xx"] - m["v1"] ** 2) * (m["yy"] - m["v2"] ** 2)
            return m.assign(r2=above / below)[["id2", "id4", "r2"]]
        if question == "q10":
            keys = READS["q10"][:6]
            return x.groupby(keys, **GROUP).agg(v3=("v3", "sum"), count=("v3", "size"))
        keys = {"q1": ["id1"], "q2": ["id1", "id2"], "q3": ["id3"], "q4": ["id4"], "q5": ["id6"]}[question]
        how = {"q3": {"v1": "sum", "v3": "mean"}}.get(question, "mean" if question == "q4" else "sum")
        return x.groupby(keys, **GROUP).agg(how)

    def join(self, question):
        right, on, how = {
            "q1": ("small", "id1", "inner"),
            "q2": ("medium", "id2", "inner"),
            "q3": ("medium", "id2", "left"),
            "q4": ("medium", "id5", "inner"),
            "q5": ("big", "id3", "inner"),
        }[question]
        other = self.read(right)
        names = {name: f"{right}_{name}" for name in other.columns if name not in (on, "v2")}
        return self.read("x").merge(other.rename(columns=names), on=on, how=how)


def main():
    start = json.loads(sys.stdin.readline())
    side = {"duckdb": Duckdb, "polars": Polars, "pandas": Pandas}[sys.argv[1]](start)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        gc.collect()
        began = time.perf_counter()
        side.ask(start["task"], asked["question"], asked["sql"], asked["out"])
        print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


main()
