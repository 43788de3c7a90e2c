"""The pages: lineage, SLOs, incidents and provenance for people."""
