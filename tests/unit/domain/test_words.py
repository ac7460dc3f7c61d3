"""Refusals, accounts, chats and personas."""

from datetime import UTC, datetime

import pytest

from palabre.domain import accounts
from palabre.domain.accounts import Account
from palabre.domain.chats import OWNER_RIGHTS, Chat, ChatKind, Member, Right, Visibility, may_post, may_see
from palabre.domain.personas import PersonaKind, PersonaRef, chosen, personas_for
from palabre.domain.refusal import SENTENCES, Code
from tests.unit.domain.test_who_may_speak import refused

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ADA = Account("acc_ada", "ada", "Ada", "Listens to the sea.", "en", NOW)


def chat(kind: ChatKind, visibility: Visibility = Visibility.PUBLIC) -> Chat:
    return Chat("chat_1", kind, "The sea", "sea", visibility, "About tides.", NOW)


def as_member(*rights: Right, owner: bool = False) -> Member:
    return Member("chat_1", ADA.id, owner, frozenset(rights), NOW)


def test_every_code_has_a_sentence_and_a_next_step():
    assert set(SENTENCES) == set(Code)
    for sentence in SENTENCES.values():
        first, _, step = sentence.partition(". ")
        assert first
        assert step.endswith(".")


@pytest.mark.parametrize(("raw", "kept"), [("Ada", "ada"), (" @ada_99 ", "ada_99")])
def test_a_handle_is_kept_in_one_spelling(raw, kept):
    assert accounts.checked_handle(raw) == kept


@pytest.mark.parametrize("raw", ["", "ab", "9lives", "a" * 33, "ada!", "ädà", "a da"])
def test_a_handle_of_other_signs_is_refused(raw):
    with refused(Code.HANDLE_INVALID):
        accounts.checked_handle(raw)


@pytest.mark.parametrize("raw", ["", "   ", "x" * 65, "a\x00b", "a\nb"])
def test_a_name_has_something_to_read_and_an_end(raw):
    with refused(Code.NAME_INVALID):
        accounts.checked_name(raw)


def test_an_owner_has_all_rights_but_goes_unmasked_unless_it_says_so():
    assert as_member(owner=True).rights == OWNER_RIGHTS
    assert Right.ANONYMOUS in as_member(Right.ANONYMOUS, owner=True).rights


def test_a_private_chat_is_seen_by_members_only():
    assert not may_see(chat(ChatKind.GROUP, Visibility.PRIVATE), None)
    assert may_see(chat(ChatKind.GROUP, Visibility.PRIVATE), as_member())
    assert may_see(chat(ChatKind.GROUP), None)


def test_members_talk_in_groups_and_admins_post_in_channels():
    assert may_post(chat(ChatKind.GROUP), as_member())
    assert not may_post(chat(ChatKind.GROUP), None)
    assert not may_post(chat(ChatKind.CHANNEL), as_member())
    assert may_post(chat(ChatKind.CHANNEL), as_member(Right.POST_MESSAGES))


def test_only_an_anonymous_admin_may_be_the_group():
    group = chat(ChatKind.GROUP)
    kinds = [p.kind for p in personas_for(ADA, group, as_member(Right.ANONYMOUS), [chat(ChatKind.CHANNEL)])]
    assert kinds == [PersonaKind.ACCOUNT, PersonaKind.CHANNEL, PersonaKind.GROUP]
    assert [p.kind for p in personas_for(ADA, group, as_member(), [])] == [PersonaKind.ACCOUNT]


def test_a_mask_shows_the_channels_words_and_none_of_the_account():
    mask = personas_for(ADA, chat(ChatKind.GROUP), None, [chat(ChatKind.CHANNEL)])[1]
    assert (mask.name, mask.handle, mask.bio, mask.is_mask) == ("The sea", "sea", "About tides.", True)
    assert not any(word in str(mask) for word in (ADA.id, ADA.display_name, ADA.bio))


def test_a_name_that_is_not_on_the_list_is_refused():
    with refused(Code.PERSONA_NOT_YOURS):
        chosen(personas_for(ADA, chat(ChatKind.GROUP), None, []), PersonaRef(PersonaKind.ACCOUNT, "acc_ben"))
