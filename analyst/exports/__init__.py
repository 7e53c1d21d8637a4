"""Files of released tables: one module for each format, all with the same cells and the same metadata."""
