"""Orders and customers in, revenue by country out: a Spark application that knows nothing of lineage.

$ spark-submit … examples/spark/revenue_by_country.py orders.csv customers.csv revenue_by_country
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

ORDERS = "order_id INT, customer_id INT, ordered_at TIMESTAMP, amount DECIMAL(12, 2)"
CUSTOMERS = "customer_id INT, email STRING, country STRING"


def main(orders: str, customers: str, revenue: str) -> None:
    """Read two CSV files, write one folder of Parquet."""
    with SparkSession.builder.appName("revenue_by_country").getOrCreate() as spark:
        ordered = spark.read.csv(orders, schema=ORDERS, header=True)
        customer = spark.read.csv(customers, schema=CUSTOMERS, header=True)
        (
            ordered.join(customer, "customer_id")
            .groupBy(f.to_date("ordered_at").alias("ordered_on"), "country")
            .agg(f.sum("amount").alias("revenue"))
            .write.mode("overwrite")
            .parquet(revenue)
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
