"""Settings: files, environment and flags in, one frozen `Settings` or all problems with their places out."""
