"""A fleet of ten thousand sources on loopback, and the daemon that watches them."""
