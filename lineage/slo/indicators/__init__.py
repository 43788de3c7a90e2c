"""What is measured: one file per indicator, named by the word after `type:` in an SLO."""
