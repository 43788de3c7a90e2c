"""What runs in the example estate: services, DAGs, Spark applications and dbt models, with what they read and write."""

from __future__ import annotations

from typing import NamedTuple

# An output column made of others: (type, subtype, source columns as `table.column`).
Derivation = tuple[str, tuple[str, ...]]


class Step(NamedTuple):
    """One unit of work: a task, a query, a model. Tables by their keys in `world.TABLES`.

    Columns of equal name are copied; *derived* says where the others come from, *across* which columns decide on all of
    what is written, and by what: (subtype, `table.column`).
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    takes_s: int = 40
    sql: str = ""
    derived: dict[str, Derivation] = {}  # noqa: RUF012 - a constant of a constant
    checks: tuple[tuple[str, str], ...] = ()  # tests on what it writes: (assertion, column)
    across: tuple[tuple[str, str], ...] = ()
    contract: tuple[str, tuple[tuple[str, str], ...]] | None = None  # a consumer, and what it expects: tests as above


class Pipeline(NamedTuple):
    """Steps that run together. *hour* None: every hour at *minute*; else once a day. *kind* says who orchestrates."""

    kind: str  # dag, spark, dbt
    name: str
    hour: int | None
    minute: int
    steps: tuple[Step, ...]
    owner: str


class Stream(NamedTuple):
    """A Kafka service that never ends."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    owner: str
    derived: dict[str, Derivation] = {}  # noqa: RUF012 - a service copies what it reads
    across: tuple[tuple[str, str], ...] = ()


COMMERCE, FINANCE, GROWTH = "data-orders", "data-payments", "data-growth"

STREAMS = (
    Stream("orders-cdc", ("shop.orders",), ("orders.v2",), COMMERCE),
    Stream("order-enricher", ("orders.v2", "shop.customers"), ("orders.enriched",), COMMERCE),
    Stream("orders-lake-sink", ("orders.enriched",), ("raw.orders",), COMMERCE),
    Stream("payment-gateway", (), ("payments.v1",), FINANCE),
    Stream("payments-lake-sink", ("payments.v1",), ("raw.payments",), FINANCE),
    Stream("sessionizer", ("clicks.v1",), ("sessions.v1",), GROWTH),
    Stream("sessions-lake-sink", ("sessions.v1",), ("raw.sessions",), GROWTH),
)

BROKEN = "load_settlements"  # the task whose failure is the incident
WAITING = "revenue_hourly"  # the application that does not start without it
KILLED = "customer_value"  # the application that once was killed and never said so

_SETTLEMENTS_SQL = """insert into analytics.stg.settlements
select s.*, round((s.gross_amt - s.fee_amt) * f.rate, 2) as net_eur
from landing.settlements s join landing.fx_rates f on f.currency = s.currency"""
_REVENUE_SQL = """insert into analytics.mart.revenue_hourly
select date_trunc('hour', s.settled_at), s.currency, sum(s.gross_amt), sum(s.fee_amt), sum(s.net_eur)
from analytics.stg.settlements s join analytics.stg.payments p using (payment_id) group by 1, 2"""

PIPELINES = (
    Pipeline(
        "dag",
        "settlements",
        None,
        5,
        (
            Step("fetch_settlements", (), ("landing.settlements",), 35),
            Step("fetch_fx_rates", (), ("landing.fx_rates",), 8),
            Step(
                BROKEN,
                ("landing.settlements", "landing.fx_rates"),
                ("stg.settlements",),
                95,
                _SETTLEMENTS_SQL,
                {
                    "net_eur": (
                        "TRANSFORMATION",
                        ("landing.settlements.gross_amt", "landing.settlements.fee_amt", "landing.fx_rates.rate"),
                    )
                },
            ),
        ),
        FINANCE,
    ),
    Pipeline(
        "dag",
        "payments_hourly",
        None,
        3,
        (
            Step(
                "load_payments",
                ("raw.payments",),
                ("stg.payments",),
                60,
                "insert into analytics.stg.payments select * from lake.raw_payments",
                checks=(("not_null", "payment_id"), ("unique", "payment_id"), ("positive", "amount")),
            ),
        ),
        FINANCE,
    ),
    Pipeline(
        "spark",
        WAITING,
        None,
        12,
        (
            Step(
                "append_data",
                ("stg.settlements", "stg.payments"),
                ("mart.revenue_hourly",),
                110,
                _REVENUE_SQL,
                {
                    "hour": ("TRANSFORMATION", ("stg.settlements.settled_at",)),
                    "gross": ("AGGREGATION", ("stg.settlements.gross_amt",)),
                    "fees": ("AGGREGATION", ("stg.settlements.fee_amt",)),
                    "net_eur": ("AGGREGATION", ("stg.settlements.net_eur",)),
                },
                across=(
                    ("JOIN", "stg.settlements.payment_id"),
                    ("JOIN", "stg.payments.payment_id"),
                    ("GROUP_BY", "stg.settlements.settled_at"),
                    ("GROUP_BY", "stg.settlements.currency"),
                ),
            ),
        ),
        FINANCE,
    ),
    Pipeline(
        "dag",
        "shop_extract",
        1,
        10,
        (
            Step(
                "extract_customers", ("shop.customers",), ("raw.customers",), 240, "select * from shop.public.customers"
            ),
            Step("extract_products", ("shop.products",), ("raw.products",), 45, "select * from shop.public.products"),
            Step(
                "extract_items",
                ("shop.order_items",),
                ("raw.order_items",),
                410,
                "select * from shop.public.order_items",
            ),
        ),
        COMMERCE,
    ),
    Pipeline(
        "dag",
        "marketing_load",
        1,
        40,
        (
            Step("load_ad_spend", ("landing.ad_spend",), ("stg.ad_spend",), 30, "copy into analytics.stg.ad_spend"),
            Step("load_accounts", ("landing.crm",), ("stg.accounts",), 55, "copy into analytics.stg.accounts"),
        ),
        GROWTH,
    ),
    Pipeline(
        "spark",
        "orders_staging",
        2,
        30,
        (
            Step("overwrite_orders", ("raw.orders",), ("stg.orders",), 380),
            Step("overwrite_items", ("raw.order_items",), ("stg.order_items",), 520),
        ),
        COMMERCE,
    ),
    Pipeline(
        "spark", "sessions_staging", 2, 50, (Step("overwrite", ("raw.sessions",), ("stg.sessions",), 610),), GROWTH
    ),
    Pipeline(
        "dbt",
        "warehouse",
        4,
        0,
        (
            Step("dim_customer", ("raw.customers",), ("dim.customer",), 70, checks=(("unique", "customer_id"),)),
            Step("dim_product", ("raw.products",), ("dim.product",), 22, checks=(("unique", "product_id"),)),
            Step(
                "orders_daily",
                ("stg.orders", "stg.order_items", "dim.customer"),
                ("mart.orders_daily",),
                190,
                "select o.ordered_at::date as order_date, o.*, c.country, count(i.line) as items from orders o …",
                {
                    "order_date": ("TRANSFORMATION", ("stg.orders.ordered_at",)),
                    "items": ("AGGREGATION", ("stg.order_items.line",)),
                },
                (("not_null", "order_id"), ("unique", "order_id"), ("relationships", "customer_id")),
                contract=("data-growth", (("not_null", "customer_id"), ("row_count", "order_id"))),
            ),
            Step(
                "basket_daily",
                ("stg.order_items", "dim.product"),
                ("mart.basket_daily",),
                45,
                derived={
                    "units": ("AGGREGATION", ("stg.order_items.quantity",)),
                    "revenue": ("AGGREGATION", ("stg.order_items.unit_price", "stg.order_items.quantity")),
                },
            ),
            Step(
                "revenue_daily",
                ("mart.revenue_hourly", "mart.orders_daily"),
                ("mart.revenue_daily",),
                25,
                derived={
                    "day": ("TRANSFORMATION", ("mart.revenue_hourly.hour",)),
                    "orders": ("AGGREGATION", ("mart.orders_daily.order_id",)),
                },
                contract=("finance-controlling", (("unique", "day"), ("positive", "net_eur"))),
            ),
            Step(
                "unsettled_payments",
                ("stg.payments", "stg.settlements"),
                ("mart.unsettled",),
                31,
                derived={"age_h": ("TRANSFORMATION", ("stg.payments.paid_at", "stg.settlements.settled_at"))},
            ),
            Step(
                "funnel_daily",
                ("stg.sessions", "mart.orders_daily"),
                ("mart.funnel_daily",),
                64,
                derived={
                    "sessions": ("AGGREGATION", ("stg.sessions.session_id",)),
                    "orders": ("AGGREGATION", ("mart.orders_daily.order_id",)),
                },
            ),
            Step(
                "attribution",
                ("stg.ad_spend", "mart.orders_daily", "stg.sessions"),
                ("mart.attribution",),
                88,
                derived={"roas": ("TRANSFORMATION", ("mart.orders_daily.net_amount", "stg.ad_spend.cost"))},
            ),
        ),
        COMMERCE,
    ),
    Pipeline(
        "spark",
        "customer_value",
        5,
        15,
        (
            Step(
                "build_features",
                ("mart.orders_daily", "stg.sessions", "dim.customer"),
                ("ml.ltv_features",),
                820,
                derived={
                    "orders_90d": ("AGGREGATION", ("mart.orders_daily.order_id",)),
                    "net_90d": ("AGGREGATION", ("mart.orders_daily.net_amount",)),
                    "sessions_30d": ("AGGREGATION", ("stg.sessions.session_id",)),
                },
            ),
            Step("score", ("ml.ltv_features",), ("ml.ltv_scores",), 300),
        ),
        GROWTH,
    ),
    Pipeline(
        "dag",
        "exports",
        6,
        20,
        (
            Step("gl_export", ("mart.revenue_daily",), ("exports.gl",), 20, "unload revenue_daily"),
            Step("refresh_exec_revenue", ("mart.revenue_daily",), ("bi.exec_revenue",), 75),
            Step("push_audiences", ("ml.ltv_scores", "stg.accounts"), ("exports.audiences",), 140),
        ),
        GROWTH,
    ),
)
