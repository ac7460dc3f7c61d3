"""The stores, all over one database."""

from dataclasses import dataclass

from palabre.adapters.sql.accounts import SqlAccounts, SqlSessions
from palabre.adapters.sql.answers import SqlAnswers
from palabre.adapters.sql.chats import SqlChats
from palabre.adapters.sql.database import Database
from palabre.adapters.sql.entrances import SqlEntrances
from palabre.adapters.sql.members import SqlInvites, SqlMembers, SqlPersonaChoices
from palabre.adapters.sql.messages import SqlMessages
from palabre.adapters.sql.rooms import SqlRecordings, SqlRooms


@dataclass(frozen=True, slots=True)
class Stores:
    """One adapter per port."""

    accounts: SqlAccounts
    sessions: SqlSessions
    chats: SqlChats
    entrances: SqlEntrances
    members: SqlMembers
    invites: SqlInvites
    choices: SqlPersonaChoices
    messages: SqlMessages
    rooms: SqlRooms
    recordings: SqlRecordings
    answers: SqlAnswers

    @classmethod
    def over(cls, database: Database) -> "Stores":
        """All stores of `database`."""
        return cls(
            accounts=SqlAccounts(database),
            sessions=SqlSessions(database),
            chats=SqlChats(database),
            entrances=SqlEntrances(database),
            members=SqlMembers(database),
            invites=SqlInvites(database),
            choices=SqlPersonaChoices(database),
            messages=SqlMessages(database),
            rooms=SqlRooms(database),
            recordings=SqlRecordings(database),
            answers=SqlAnswers(database),
        )
