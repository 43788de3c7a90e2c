"""A Spark application of several writes, each begun by a line of a pipe, which names it and says how."""

from __future__ import annotations

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

HOW = {
    "broken": "cast(raise_error(email) AS STRING)",
    "slow": "java_method('java.lang.Thread', 'sleep', 2000L)",
}


def main(source: str, folder: str, pipe: str) -> None:
    """Write *source* to *folder*/LINE for every line of *pipe*, and a file LINE.written after it."""
    with SparkSession.builder.appName("steps").getOrCreate() as spark, Path(pipe).open(encoding="utf-8") as lines:
        rows = spark.read.csv(source, schema="customer_id INT, email STRING, country STRING", header=True)
        for line in lines:
            step = line.strip()
            rows.withColumn("note", f.expr(HOW.get(step, "'quick'"))).write.parquet(f"{folder}/{step}")
            Path(folder, f"{step}.written").touch()


if __name__ == "__main__":
    main(*sys.argv[1:])
