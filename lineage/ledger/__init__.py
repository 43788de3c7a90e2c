"""The truth: every accepted body, once, in a chain of hashes."""
