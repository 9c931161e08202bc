"""The benchmark of rowgrant: see docs/performance.md, which it writes."""
