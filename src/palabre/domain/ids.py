"""The names of things. Opaque strings with a prefix; only the Ids port makes new ones."""

from typing import NewType

AccountId = NewType("AccountId", str)
ChatId = NewType("ChatId", str)
RoomId = NewType("RoomId", str)
ParticipantId = NewType("ParticipantId", str)
"""One (room, account, persona). Random: it says nothing of the account."""
MessageId = NewType("MessageId", str)
RecordingId = NewType("RecordingId", str)
BlobId = NewType("BlobId", str)
Csrc = NewType("Csrc", int)
"""RFC 3550 §5.1 contributing source: a random u32, unique in the room."""
