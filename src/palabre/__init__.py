"""Palabre: live voice chats of any size in groups and channels."""
