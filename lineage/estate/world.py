"""What exists in the example estate: datasets with their columns and owners, by domain."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

SHOP_DB = "postgres://shop-db:5432"
KAFKA = "kafka://broker-1:9092"
LANDING = "s3://acme-landing"
LAKE = "s3://acme-lake"
EXPORTS = "s3://acme-exports"
WAREHOUSE = "snowflake://acme-prod"
TABLEAU = "tableau://acme"

AIRFLOW = "airflow-prod"
SPARK = "spark-prod"
DBT = "dbt-prod"
SERVICES = "kafka-apps"


class Table(NamedTuple):
    """A dataset: where it is, what it is, who owns it, and how many rows one write of it brings on an ordinary day."""

    namespace: str
    name: str
    owner: str
    kind: str  # datasetType: TABLE, FILE, TOPIC, MODEL
    rows: int
    layout: str  # `name:TYPE name:TYPE`; a name without a type is a VARCHAR
    description: str = ""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The columns with their types, in order."""
        return _columns(self.layout)

    @property
    def short(self) -> str:
        """The name without its database, as people say it."""
        return self.name.removeprefix("analytics.").removeprefix("shop.public.")


COMMERCE, FINANCE, GROWTH = "@data-orders", "@data-payments", "@data-growth"


@cache
def _columns(layout: str) -> tuple[tuple[str, str], ...]:
    pairs = (word.partition(":") for word in layout.split())
    return tuple((name, kind or "VARCHAR") for name, _, kind in pairs)


_ORDER = "order_id:BIGINT customer_id:BIGINT status currency:CHAR(3) net_amount:DECIMAL(12,2) ordered_at:TIMESTAMP"
_ITEM = "order_id:BIGINT line:INT product_id:BIGINT quantity:INT unit_price:DECIMAL(12,2)"
_CUSTOMER = "customer_id:BIGINT email country:CHAR(2) segment created_at:TIMESTAMP"
_PRODUCT = "product_id:BIGINT sku title category list_price:DECIMAL(12,2)"
_PAYMENT = "payment_id order_id:BIGINT amount:DECIMAL(12,2) currency:CHAR(3) method paid_at:TIMESTAMP"
_SETTLEMENT = (
    "settlement_id payment_id gross_amt:DECIMAL(12,2) fee_amt:DECIMAL(12,2) currency:CHAR(3) settled_at:TIMESTAMP"
)
_CLICK = "event_id visitor_id page referrer campaign clicked_at:TIMESTAMP"
_SESSION = "session_id visitor_id campaign pages:INT started_at:TIMESTAMP ended_at:TIMESTAMP"

TABLES: dict[str, Table] = {
    # Commerce: what was ordered, by whom.
    "shop.orders": Table(
        SHOP_DB, "shop.public.orders", COMMERCE, "TABLE", 8_000, _ORDER, "Orders as the shop sees them."
    ),
    "shop.order_items": Table(SHOP_DB, "shop.public.order_items", COMMERCE, "TABLE", 21_000, _ITEM),
    "shop.customers": Table(SHOP_DB, "shop.public.customers", COMMERCE, "TABLE", 410_000, _CUSTOMER),
    "shop.products": Table(SHOP_DB, "shop.public.products", COMMERCE, "TABLE", 12_400, _PRODUCT),
    "orders.v2": Table(KAFKA, "orders.v2", COMMERCE, "TOPIC", 8_000, _ORDER, "Order changes, captured from the shop."),
    "orders.enriched": Table(KAFKA, "orders.enriched", COMMERCE, "TOPIC", 8_000, f"{_ORDER} country:CHAR(2) segment"),
    "raw.orders": Table(LAKE, "raw/orders", COMMERCE, "FILE", 8_000, f"{_ORDER} country:CHAR(2) segment"),
    "raw.order_items": Table(LAKE, "raw/order_items", COMMERCE, "FILE", 21_000, _ITEM),
    "raw.customers": Table(LAKE, "raw/customers", COMMERCE, "FILE", 410_000, _CUSTOMER),
    "raw.products": Table(LAKE, "raw/products", COMMERCE, "FILE", 12_400, _PRODUCT),
    "stg.orders": Table(WAREHOUSE, "analytics.stg.orders", COMMERCE, "TABLE", 190_000, _ORDER),
    "stg.order_items": Table(WAREHOUSE, "analytics.stg.order_items", COMMERCE, "TABLE", 500_000, _ITEM),
    "dim.customer": Table(WAREHOUSE, "analytics.mart.dim_customer", COMMERCE, "TABLE", 410_000, _CUSTOMER),
    "dim.product": Table(WAREHOUSE, "analytics.mart.dim_product", COMMERCE, "TABLE", 12_400, _PRODUCT),
    "mart.orders_daily": Table(
        WAREHOUSE,
        "analytics.mart.orders_daily",
        COMMERCE,
        "TABLE",
        190_000,
        "order_date:DATE order_id:BIGINT customer_id:BIGINT country:CHAR(2) net_amount:DECIMAL(12,2) items:INT",
        "One row per order, the base of every commercial report.",
    ),
    "mart.basket_daily": Table(
        WAREHOUSE,
        "analytics.mart.basket_daily",
        COMMERCE,
        "TABLE",
        9_800,
        "order_date:DATE category units:BIGINT revenue:DECIMAL(14,2)",
    ),
    # Finance: what was paid, and what arrived.
    "payments.v1": Table(KAFKA, "payments.v1", FINANCE, "TOPIC", 7_600, _PAYMENT, "Payments from the gateway."),
    "raw.payments": Table(LAKE, "raw/payments", FINANCE, "FILE", 7_600, _PAYMENT),
    "landing.settlements": Table(LANDING, "settlements", FINANCE, "FILE", 7_300, _SETTLEMENT, "Files of the acquirer."),
    "landing.fx_rates": Table(
        LANDING, "fx_rates", FINANCE, "FILE", 168, "currency:CHAR(3) rate:DECIMAL(18,8) at:TIMESTAMP"
    ),
    "stg.payments": Table(WAREHOUSE, "analytics.stg.payments", FINANCE, "TABLE", 7_600, _PAYMENT),
    "stg.settlements": Table(
        WAREHOUSE,
        "analytics.stg.settlements",
        FINANCE,
        "TABLE",
        7_300,
        f"{_SETTLEMENT} net_eur:DECIMAL(12,2)",
        "Settlements in euros, one row per settled payment.",
    ),
    "mart.revenue_hourly": Table(
        WAREHOUSE,
        "analytics.mart.revenue_hourly",
        FINANCE,
        "TABLE",
        96,
        "hour:TIMESTAMP currency:CHAR(3) gross:DECIMAL(14,2) fees:DECIMAL(14,2) net_eur:DECIMAL(14,2)",
        "Settled revenue by hour: the figure on the executive board.",
    ),
    "mart.revenue_daily": Table(
        WAREHOUSE, "analytics.mart.revenue_daily", FINANCE, "TABLE", 31, "day:DATE net_eur:DECIMAL(14,2) orders:BIGINT"
    ),
    "mart.unsettled": Table(
        WAREHOUSE,
        "analytics.mart.unsettled_payments",
        FINANCE,
        "TABLE",
        310,
        "payment_id amount:DECIMAL(12,2) age_h:INT",
    ),
    "exports.gl": Table(EXPORTS, "finance/gl_export", FINANCE, "FILE", 31, "day:DATE account net_eur:DECIMAL(14,2)"),
    "bi.exec_revenue": Table(
        TABLEAU, "exec_revenue", FINANCE, "MODEL", 0, "day:DATE net_eur:DECIMAL(14,2)", "Dashboard."
    ),
    # Growth: who came, from where, and what they are worth.
    "clicks.v1": Table(KAFKA, "clicks.v1", GROWTH, "TOPIC", 240_000, _CLICK),
    "sessions.v1": Table(KAFKA, "sessions.v1", GROWTH, "TOPIC", 31_000, _SESSION),
    "raw.sessions": Table(LAKE, "raw/sessions", GROWTH, "FILE", 31_000, _SESSION),
    "landing.ad_spend": Table(LANDING, "ads/spend", GROWTH, "FILE", 2_200, "day:DATE campaign cost:DECIMAL(12,2)"),
    "landing.crm": Table(LANDING, "crm/accounts", GROWTH, "FILE", 18_000, "account_id email owner stage"),
    "stg.sessions": Table(WAREHOUSE, "analytics.stg.sessions", GROWTH, "TABLE", 740_000, _SESSION),
    "stg.ad_spend": Table(
        WAREHOUSE, "analytics.stg.ad_spend", GROWTH, "TABLE", 2_200, "day:DATE campaign cost:DECIMAL(12,2)"
    ),
    "stg.accounts": Table(WAREHOUSE, "analytics.stg.accounts", GROWTH, "TABLE", 18_000, "account_id email owner stage"),
    "mart.funnel_daily": Table(
        WAREHOUSE,
        "analytics.mart.funnel_daily",
        GROWTH,
        "TABLE",
        640,
        "day:DATE campaign sessions:BIGINT orders:BIGINT conversion:DECIMAL(8,5)",
    ),
    "mart.attribution": Table(
        WAREHOUSE,
        "analytics.mart.attribution",
        GROWTH,
        "TABLE",
        2_200,
        "day:DATE campaign cost:DECIMAL(12,2) net_amount:DECIMAL(14,2) roas:DECIMAL(8,3)",
    ),
    "ml.ltv_features": Table(
        WAREHOUSE,
        "analytics.ml.ltv_features",
        GROWTH,
        "TABLE",
        410_000,
        "customer_id:BIGINT orders_90d:INT net_90d:DECIMAL(14,2) sessions_30d:INT segment",
    ),
    "ml.ltv_scores": Table(
        WAREHOUSE, "analytics.ml.ltv_scores", GROWTH, "MODEL", 410_000, "customer_id:BIGINT ltv:DECIMAL(14,2) model"
    ),
    "exports.audiences": Table(EXPORTS, "growth/audiences", GROWTH, "FILE", 52_000, "customer_id:BIGINT audience"),
}
