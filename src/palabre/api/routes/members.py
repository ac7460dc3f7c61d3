"""Members, rights, invite links."""

from datetime import timedelta

from fastapi import APIRouter

from palabre.api import show
from palabre.api.guard import Here, Me, Use
from palabre.api.routes.chats import Cursor
from palabre.domain.chats import ChatKind, Right
from palabre.domain.ids import AccountId
from palabre.domain.refusal import Code, Refused
from palabre.wire import chats as wire

router = APIRouter(tags=["members"])


@router.post("/chats/{chat_id}/members")
async def join_chat(chat_id: str, me: Me, here: Here, services: Use) -> wire.Chat:
    """Join a public chat."""
    return await show.one_chat(services, await services.membership.join(here, me.id))


@router.delete("/chats/{chat_id}/members/me", status_code=204)
async def leave_chat(chat_id: str, me: Me, here: Here, services: Use) -> None:
    """Leave a chat."""
    await services.membership.leave(here, me.id)


@router.get("/chats/{chat_id}/members")
async def list_members(chat_id: str, here: Here, services: Use, cursor: Cursor = None) -> wire.MemberPage:
    """Members by time of entry. In a channel for admins only: subscribers do not see each other."""
    mine = here.mine
    if here.chat.kind is ChatKind.CHANNEL and (mine is None or not mine.rights):
        raise Refused(Code.FORBIDDEN, "Only admins see who subscribes to a channel. Ask its owner.")
    rows, following = await services.membership.page(here, cursor)
    if mine is None or not mine.rights:
        # Who may speak as the group must not be told apart by the list: the mask would leak.
        rows = [(member, account) for member, account in rows if Right.ANONYMOUS not in member.given]
    return wire.MemberPage(items=[show.member(*row) for row in rows], next_cursor=following)


@router.put("/chats/{chat_id}/members/{account_id}/rights", status_code=204)
async def set_rights(
    chat_id: str, account_id: str, body: wire.RightsChange, here: Here, services: Use
) -> None:
    """Say what an admin may do."""
    await services.membership.set_rights(here, AccountId(account_id), frozenset(body.rights))


@router.delete("/chats/{chat_id}/members/{account_id}", status_code=204)
async def remove_member(chat_id: str, account_id: str, here: Here, services: Use) -> None:
    """Take somebody out of the chat, and out of its live voice chat."""
    await services.membership.remove(here, AccountId(account_id))


@router.post("/chats/{chat_id}/invite-links", status_code=201)
async def create_invite_link(
    chat_id: str, here: Here, services: Use, body: wire.NewInviteLink | None = None
) -> wire.InviteLink:
    """Make a link into the chat."""
    wish = body or wire.NewInviteLink()
    lifetime = None if wish.expires_in_s is None else timedelta(seconds=wish.expires_in_s)
    return show.invite_link(await services.membership.invite(here, lifetime=lifetime, max_uses=wish.max_uses))


@router.delete("/chats/{chat_id}/invite-links/{token}", status_code=204)
async def revoke_invite_link(chat_id: str, token: str, here: Here, services: Use) -> None:
    """Make a link open nothing any more. People who came in by it stay."""
    await services.membership.revoke(here, token)


@router.post("/invite-links/{token}/join")
async def join_by_invite_link(token: str, me: Me, services: Use) -> wire.Chat:
    """Enter a chat by its invite link."""
    return await show.one_chat(services, await services.membership.join_by_link(token, me.id))
