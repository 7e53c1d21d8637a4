"""Usage counters: how often what happens in conversations, by ISO week, without a row that belongs to anybody."""
