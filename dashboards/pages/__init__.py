"""One page a file, named by the first word of its path."""
