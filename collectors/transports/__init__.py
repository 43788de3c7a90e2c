"""How bytes arrive: one file per transport."""
