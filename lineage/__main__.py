"""`python -m lineage` is `headwater`."""

from lineage.cli import main

main()
