"""What tests share: events, houses, receivers, hand-made deltas."""
