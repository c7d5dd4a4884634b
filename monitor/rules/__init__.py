"""The rule language: parsing, matching, explaining, checking."""
