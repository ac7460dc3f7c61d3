"""One voice chat: commands → decide → events → evolve → state, and views of who may see what."""
