"""Palabre: live voice chats of any size in groups and channels."""

__version__ = "0.1.0"
