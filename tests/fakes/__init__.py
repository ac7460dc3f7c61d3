"""In-memory stand-ins for the ports, scripted by tests. Nothing of this is in the program."""
