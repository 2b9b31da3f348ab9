"""One file a verb: its help, its options, and what it shows. Each is imported only when it was asked for."""
