"""Messages, and the sound of voice messages."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from palabre.api.guard import Here, Me, TheMessage, Use
from palabre.api.once import OnlyOnce
from palabre.domain.messages import Voice
from palabre.domain.refusal import Code, Refused
from palabre.wire import messages as wire

router = APIRouter(tags=["messages"])

PAGE_MAX = 100


@router.get("/chats/{chat_id}/messages")
async def list_messages(
    chat_id: str,
    here: Here,
    services: Use,
    before: Annotated[
        int | None, Query(ge=1, le=2**53, description="Only messages with a smaller `seq`.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> wire.MessagePage:
    """Messages of a chat, newest first."""
    found, following = await services.conversation.page(here, before=before, size=limit)
    cursor = None if following is None else str(following)
    return wire.MessagePage(items=[wire.message(message) for message in found], next_cursor=cursor)


@router.post("/chats/{chat_id}/messages", status_code=201, response_model=wire.Message)
async def post_message(
    chat_id: str, body: wire.NewMessage, me: Me, here: Here, services: Use, once: OnlyOnce
) -> Response:
    """Say something in a chat."""

    async def create(seed: str | None) -> wire.Message:
        return wire.message(await services.conversation.post(here, me, body.text, seed=seed))

    return await once(create)


@router.get(
    "/messages/{message_id}/audio",
    response_class=FileResponse,
    responses={
        200: {"content": {"audio/ogg": {}}, "description": "Ogg Opus"},
        206: {"content": {"audio/ogg": {}}, "description": "The asked range"},
        416: {"description": "No such range"},
    },
)
async def get_message_audio(message_id: str, message: TheMessage, services: Use) -> FileResponse:
    """The sound of a voice message; answers Range requests (RFC 9110 §14)."""
    path = services.blobs.path(message.body.blob) if isinstance(message.body, Voice) else None
    if path is None:
        raise Refused(Code.MESSAGE_NOT_FOUND)
    # A message never changes, but its reader may lose the right to it: only this browser keeps it.
    headers = {"Cache-Control": "private, max-age=86400"}
    return FileResponse(path, media_type="audio/ogg", headers=headers)
