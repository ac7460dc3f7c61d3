"""Refusals: a stable code, a sentence and the next step. Refusing is raising."""

from enum import StrEnum


class Code(StrEnum):
    """Stable names of refusals. Clients translate by code; programs branch on it."""

    # who is asking
    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    CSRF_FAILED = "CSRF_FAILED"
    FORBIDDEN = "FORBIDDEN"
    # accounts and chats
    HANDLE_TAKEN = "HANDLE_TAKEN"
    HANDLE_INVALID = "HANDLE_INVALID"
    NAME_INVALID = "NAME_INVALID"
    PASSWORD_TOO_WEAK = "PASSWORD_TOO_WEAK"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    CHAT_NOT_FOUND = "CHAT_NOT_FOUND"
    CHAT_IS_PRIVATE = "CHAT_IS_PRIVATE"
    NOT_A_MEMBER = "NOT_A_MEMBER"
    OWNER_CANNOT_LEAVE = "OWNER_CANNOT_LEAVE"
    MESSAGE_NOT_FOUND = "MESSAGE_NOT_FOUND"
    MESSAGE_EMPTY = "MESSAGE_EMPTY"
    LINK_REVOKED = "LINK_REVOKED"
    LINK_EXPIRED = "LINK_EXPIRED"
    LINK_USED_UP = "LINK_USED_UP"
    # rooms
    ROOM_NOT_FOUND = "ROOM_NOT_FOUND"
    ROOM_ALREADY_LIVE = "ROOM_ALREADY_LIVE"
    ROOM_ENDED = "ROOM_ENDED"
    ROOM_FULL = "ROOM_FULL"
    MANAGERS_ONLY = "MANAGERS_ONLY"
    NOT_IN_ROOM = "NOT_IN_ROOM"
    PARTICIPANT_NOT_FOUND = "PARTICIPANT_NOT_FOUND"
    REMOVED_FROM_ROOM = "REMOVED_FROM_ROOM"
    MANAGER_PROTECTED = "MANAGER_PROTECTED"
    PERSONA_NOT_YOURS = "PERSONA_NOT_YOURS"
    NOT_ALLOWED_TO_SPEAK = "NOT_ALLOWED_TO_SPEAK"
    ALREADY_ALLOWED = "ALREADY_ALLOWED"
    HANDS_CLOSED = "HANDS_CLOSED"
    HANDS_MEMBERS_ONLY = "HANDS_MEMBERS_ONLY"
    TITLE_TOO_LONG = "TITLE_TOO_LONG"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    ALREADY_RECORDING = "ALREADY_RECORDING"
    NOT_RECORDING = "NOT_RECORDING"
    # the machinery
    VERSION_CONFLICT = "VERSION_CONFLICT"
    MEDIA_BUSY = "MEDIA_BUSY"
    SERVER_FULL = "SERVER_FULL"
    BAD_CURSOR = "BAD_CURSOR"
    INVALID_INPUT = "INVALID_INPUT"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    HEAD_TOO_LARGE = "HEAD_TOO_LARGE"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    LIMIT_REACHED = "LIMIT_REACHED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Refused(Exception):
    """A rule said no.

    `detail` replaces the code's own sentence where the case has something to add; `limit` names the limit
    that was reached and its value, when one was.
    """

    def __init__(self, code: Code, detail: str | None = None, *, limit: dict[str, int] | None = None) -> None:
        self.code = code
        self.detail = detail if detail is not None else SENTENCES[code]
        self.limit = limit
        super().__init__(f"{code}: {self.detail}")


SENTENCES: dict[Code, str] = {
    Code.NOT_SIGNED_IN: "You are not signed in. Sign in and try again.",
    Code.WRONG_CREDENTIALS: "Handle or password is wrong. Check both and try again.",
    Code.CSRF_FAILED: "The request lacks the page's own token. Reload the page and try again.",
    Code.FORBIDDEN: "Your rights do not cover this. Ask the chat's owner.",
    Code.HANDLE_TAKEN: "This handle is taken. Choose another.",
    Code.HANDLE_INVALID: "A handle has 3–32 letters a–z, digits or _ and starts with a letter. Change it.",
    Code.NAME_INVALID: "A name has 1–64 characters. Change it.",
    Code.PASSWORD_TOO_WEAK: "A password has 8–256 characters. Choose another.",
    Code.ACCOUNT_NOT_FOUND: "There is no such account. Check the handle.",
    Code.CHAT_NOT_FOUND: "There is no such chat, or it is private. Ask a member for an invite link.",
    Code.CHAT_IS_PRIVATE: "This chat is private. Ask a member for an invite link.",
    Code.NOT_A_MEMBER: "You are not a member of this chat. Join it first.",
    Code.OWNER_CANNOT_LEAVE: "The owner cannot leave the chat. Hand it to somebody else first.",
    Code.MESSAGE_NOT_FOUND: "There is no such message. Reload the chat.",
    Code.MESSAGE_EMPTY: "The message is empty. Write something.",
    Code.LINK_REVOKED: "This link was revoked. Ask for a new one.",
    Code.LINK_EXPIRED: "This link has expired. Ask for a new one.",
    Code.LINK_USED_UP: "This link has been used as often as it may be. Ask for a new one.",
    Code.ROOM_NOT_FOUND: "There is no such voice chat. Go back to the chat and look again.",
    Code.ROOM_ALREADY_LIVE: "This chat already has a live voice chat. Join it, or replace it with a new one.",
    Code.ROOM_ENDED: "This voice chat has ended. Start a new one from the chat's profile.",
    Code.ROOM_FULL: "This voice chat is full. Ask a host to raise the limit, or try again later.",
    Code.MANAGERS_ONLY: "Only a manager of voice chats may do this. Ask one in the voice chat.",
    Code.NOT_IN_ROOM: "You are not in this voice chat. Join it first.",
    Code.PARTICIPANT_NOT_FOUND: "This participant is not in the voice chat any more. Look at the list again.",
    Code.REMOVED_FROM_ROOM: "A manager removed you from this voice chat. You may join the next one.",
    Code.MANAGER_PROTECTED: "A manager cannot be removed from the voice chat. Ask the chat's owner.",
    Code.PERSONA_NOT_YOURS: "You may not take part under this name. Choose one from the list.",
    Code.NOT_ALLOWED_TO_SPEAK: "You are muted by a manager. Raise your hand and wait to be allowed.",
    Code.ALREADY_ALLOWED: "You may already speak. Turn your microphone on.",
    Code.HANDS_CLOSED: "Nobody may raise a hand now. Wait until a manager opens hands again.",
    Code.HANDS_MEMBERS_ONLY: "Only members of the chat may raise a hand. Join the chat first.",
    Code.TITLE_TOO_LONG: "A title has at most 64 characters. Shorten it.",
    Code.TEXT_TOO_LONG: "The text is too long. Shorten it.",
    Code.ALREADY_RECORDING: "This voice chat is already being recorded. Stop that recording first.",
    Code.NOT_RECORDING: "Nothing is being recorded. Start a recording first.",
    Code.VERSION_CONFLICT: "Somebody else changed this at the same moment. Try again.",
    Code.MEDIA_BUSY: "The server has more to do than it can. Try again in a moment.",
    Code.SERVER_FULL: "This server holds no more voice chats. Wait until one ends.",
    Code.BAD_CURSOR: "This page marker is not one of ours. Start again from the first page.",
    Code.INVALID_INPUT: "The request is not as documented. See `errors` for what to change.",
    Code.NOT_FOUND: "There is nothing at this address. See the API document for what there is.",
    Code.METHOD_NOT_ALLOWED: "This address takes other methods. See `Allow` for which.",
    Code.BODY_TOO_LARGE: "The request is too large. Send less.",
    Code.HEAD_TOO_LARGE: "The request's address and headers are too large. Send less, or delete the site's cookies.",
    Code.TOO_MANY_REQUESTS: "Too many requests in a short time. Wait and try again.",
    Code.LIMIT_REACHED: "A limit of this server is reached. Ask its operator to raise it.",
    Code.IDEMPOTENCY_KEY_REUSED: "This Idempotency-Key came with another request before. Use a new key.",
    Code.INTERNAL_ERROR: "Something went wrong on the server. Try again; the operator finds it in the log.",
}
"""English sentence and next step per code; `test_every_code_has_a_sentence` keeps the table whole."""
