"""The command line: argv in, text out. No rules, and nothing that knows what an engine or a worker is."""
