"""Real servers for the tests: each on loopback and a free port, ended by process id. They fail, never skip."""
