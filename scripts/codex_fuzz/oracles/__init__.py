"""What must hold of each parser, whatever bytes it is fed: bytes in, an AssertionError where it does not hold."""
