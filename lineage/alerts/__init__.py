"""When to speak, of what, and to whom."""
