"""Data SLOs: what is promised, what came of it, how much error budget is left."""
