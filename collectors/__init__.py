"""How events come in: bytes to receipts, entries, observations."""
