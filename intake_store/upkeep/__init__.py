"""Looking after the intake database: hiding the order of rows, forgetting what is old, backups and restoring them."""
