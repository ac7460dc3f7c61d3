"""Under which personas an account may take part in a chat's rooms."""

from palabre.chats.ports import Card, ChatStore, PersonaChoices
from palabre.domain.accounts import Account
from palabre.domain.chats import ChatKind
from palabre.domain.personas import Persona, PersonaRef, personas_for


class Masks:
    """Who an account may be, and who it chose to be last time."""

    def __init__(self, chats: ChatStore, choices: PersonaChoices) -> None:
        self._chats = chats
        self._choices = choices

    async def of(self, card: Card, account: Account) -> tuple[Persona, ...]:
        """The account itself first."""
        owned = await self._chats.owned(account.id)
        channels = [chat for chat in owned if chat.kind is ChatKind.CHANNEL]
        return personas_for(account, card.chat, card.mine, channels)

    async def remembered(self, card: Card, account: Account) -> PersonaRef | None:
        """The last choice, if the account may still make it."""
        ref = await self._choices.remembered(card.chat.id, account.id)
        if ref is None:
            return None
        return ref if any(persona.ref == ref for persona in await self.of(card, account)) else None
