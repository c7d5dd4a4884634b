"""Archive, rules, stories, alerts, channels, daemon and command line."""
