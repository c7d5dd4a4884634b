"""Cases of the rule language, one JSON object per line, and what runs them."""
