"""The daemon: one asyncio loop that polls, reads, decides and delivers until it is told to stop."""
