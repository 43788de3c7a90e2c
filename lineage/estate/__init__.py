"""A living example estate: three domains of a shop, their pipelines, 28 days of history and an incident in progress."""
