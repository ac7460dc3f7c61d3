"""Groups, channels, members, invite links, messages, saved messages."""
