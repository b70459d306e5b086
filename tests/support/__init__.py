"""What the tests share: a real proxy in this process, a backend that records bytes, and clients that send them."""
