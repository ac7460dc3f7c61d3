"""Under which personas an account may take part in a chat's rooms."""

from palabre.chats.ports import ChatStore, LastPersona, PersonaChoices, Place
from palabre.domain.accounts import Account
from palabre.domain.chats import ChatKind
from palabre.domain.personas import Persona, PersonaRef, chosen, itself, personas_for


class Masks:
    """Who an account may be, and who it chose to be last time."""

    def __init__(self, chats: ChatStore, choices: PersonaChoices) -> None:
        self._chats = chats
        self._choices = choices

    async def of(self, there: Place, account: Account) -> tuple[Persona, ...]:
        """The account itself first."""
        owned = await self._chats.owned(account.id)
        channels = [chat for chat in owned if chat.kind is ChatKind.CHANNEL]
        return personas_for(account, there.chat, there.mine, channels)

    async def chosen(
        self, there: Place, account: Account, wish: PersonaRef | None, last: LastPersona | None = None
    ) -> Persona:
        """Who the account is to be in a room: as it wishes, else as last time, which is looked up when not given.

        Raises Refused(PERSONA_NOT_YOURS).
        """
        ref = wish or await self.remembered(there, account, last)
        mine = itself(account)
        if ref is None or ref == mine.ref:
            return mine
        return chosen(await self.of(there, account), ref)

    async def remember(self, there: Place, account: Account, persona: Persona) -> None:
        """For the next time. Nothing is written when it would be the same anyway."""
        known = await self._choices.remembered(there.chat.id, account.id)
        if persona.ref != (known or itself(account).ref):
            await self._choices.remember(there.chat.id, account.id, persona.ref)

    async def remembered(
        self, there: Place, account: Account, last: LastPersona | None = None
    ) -> PersonaRef | None:
        """The last choice, if the account may still make it."""
        ref = last.ref if last else await self._choices.remembered(there.chat.id, account.id)
        if ref is None or ref == itself(account).ref:
            return ref
        return ref if any(persona.ref == ref for persona in await self.of(there, account)) else None
