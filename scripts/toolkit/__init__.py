"""What the tools and the tests share: programs as processes, a text table, results files, conversations to send."""
