"""The API for machines: one noun a file, under `/api/v1`."""
