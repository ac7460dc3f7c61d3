"""Groups and channels."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from palabre.api import show
from palabre.api.guard import EdgeAddress, Here, Me, Use
from palabre.api.once import OnlyOnce
from palabre.wire import chats as wire
from palabre.wire.room import Persona

router = APIRouter(tags=["chats"])

Cursor = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before.")]


@router.post("/chats", status_code=201, response_model=wire.Chat)
async def create_chat(body: wire.NewChat, me: Me, services: Use, once: OnlyOnce) -> Response:
    """Make a group or a channel; you own it."""

    async def create(seed: str | None) -> wire.Chat:
        card = await services.directory.create(
            me,
            kind=body.kind,
            title=body.title,
            handle=body.handle,
            visibility=body.visibility,
            description=body.description,
            seed=seed,
        )
        return show.chat(card, None)

    return await once(create)


@router.get("/chats")
async def list_my_chats(me: Me, services: Use, cursor: Cursor = None) -> wire.ChatPage:
    """Your chats: Saved Messages first, then by last activity."""
    cards, following = await services.directory.of(me.id, cursor=cursor)
    return wire.ChatPage(items=await show.chats(services, cards), next_cursor=following)


@router.get("/chats/search")
async def search_chats(
    me: Me, services: Use, q: Annotated[str, Query(min_length=1, max_length=64)]
) -> wire.ChatPage:
    """Find public chats by title or handle."""
    cards = await services.directory.search(q, me.id)
    return wire.ChatPage(items=await show.chats(services, cards), next_cursor=None)


@router.get("/chats/{chat_id}")
async def get_chat(chat_id: str, here: Here, services: Use) -> wire.Chat:
    """One chat, with its live bar."""
    return await show.one_chat(services, here)


@router.patch("/chats/{chat_id}")
async def change_chat(chat_id: str, body: wire.ChatUpdate, here: Here, services: Use) -> wire.Chat:
    """Change title, description, handle or visibility."""
    changed = await services.directory.change(
        here, title=body.title, description=body.description, visibility=body.visibility, handle=body.handle
    )
    return await show.one_chat(services, changed)


@router.post("/chats/{chat_id}/events-ticket")
async def get_events_ticket(chat_id: str, here: Here, edge: EdgeAddress, services: Use) -> wire.EventsTicket:
    """A ticket for the chat's event stream at the edge."""
    ticket = services.tickets.for_chat(here.chat.id)
    return wire.EventsTicket(
        ticket=ticket.token, expires_at=ticket.expires_at, events=f"{edge}/edge/v1/events"
    )


@router.get("/chats/{chat_id}/personas")
async def list_personas(chat_id: str, me: Me, here: Here, services: Use) -> wire.Personas:
    """Who you may join this chat's voice chat as."""
    personas = await services.masks.of(here, me)
    ref = await services.masks.remembered(here, me)
    return wire.Personas(
        items=[Persona.model_validate(persona) for persona in personas],
        remembered=None if ref is None else wire.PersonaChoice.model_validate(ref),
    )
