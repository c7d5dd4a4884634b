"""A small world of newspapers on loopback, for `presswatch run --demo` and for the tests."""
