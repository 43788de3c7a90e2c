"""Where a figure came from, run by run, with the events that prove it."""
