select o.ordered_on, c.country, sum(o.amount) as revenue
from {{ ref('stg_orders') }} as o
join {{ ref('raw_customers') }} as c on c.customer_id = o.customer_id
group by 1, 2
