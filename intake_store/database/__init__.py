"""The intake database: its tables, its connections and its migrations."""
