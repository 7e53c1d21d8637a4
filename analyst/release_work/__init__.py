"""A releaser's work: previews of a period, releasing it, and what stands between a page and the warehouse."""
