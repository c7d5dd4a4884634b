"""Six read-only pages and their JSON: today, a story, an alert's place, a theme, the outlets, a search, a rule on trial."""
