"""Who may use the analyst's place, how they prove it, and what they did."""
