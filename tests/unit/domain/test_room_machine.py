"""Random people wish random things of the rooms of one chat; what must always hold is checked after each."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from palabre.domain.ids import AccountId, ChatId, Csrc, ParticipantId, RecordingId, RoomId
from palabre.domain.personas import Persona, PersonaKind
from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.domain.room import events as e
from palabre.domain.room.changes import changes
from palabre.domain.room.decide import decide, start
from palabre.domain.room.evolve import evolve, found
from palabre.domain.room.page import participants_page
from palabre.domain.room.participant import Mic
from palabre.domain.room.people import People
from palabre.domain.room.state import Actor, HandsPolicy, Room
from palabre.domain.room.views import Viewer, snapshot
from palabre.wire.room import room_change, room_snapshot
from tests.unit.domain.fold import Json, as_set, fold

CHAT = ChatId("chat_0")
CAPACITY = 5
PEOPLE = 7
people = st.integers(0, PEOPLE - 1)
actors = st.sampled_from([*range(PEOPLE - 2, PEOPLE)] * 3 + [*range(PEOPLE)])
"""Whoever may be a manager, mostly: else nearly every wish is refused."""


@dataclass
class Person:
    """An account with what it may be. Its words are unlike any other word, so a leak is found as text."""

    actor: Actor
    itself: Persona
    mask: Persona

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.actor.account, self.itself.name, f"handle-of-{self.actor.account}")


def person(n: int) -> Person:
    account = AccountId(f"acc-secret-{n}")
    itself = Persona(PersonaKind.ACCOUNT, account, f"name-secret-{n}", f"handle-of-{account}", "")
    mask = Persona(PersonaKind.CHANNEL, f"chat_{n}", f"Channel {n}", None, "A channel.")
    return Person(Actor(account, member=n != 0, manager=n >= PEOPLE - 2), itself, mask)


def wire(room: Room, viewer: Viewer) -> Json:
    return room_snapshot(snapshot(room, viewer)).model_dump(mode="json")


class RoomMachine(RuleBasedStateMachine):
    """The rooms of one chat, with the stores and clients as simple as they can be."""

    @initialize(join_muted=st.booleans())
    def begin(self, join_muted: bool) -> None:
        self.people = [person(n) for n in range(PEOPLE)]
        self.rooms: list[Room] = []
        self.now = datetime(2026, 11, 21, tzinfo=UTC)
        self.count = 0
        self.silent: set[AccountId] = set()
        self.clients: dict[Viewer, Json] = {}
        self.late: dict[Viewer, Json] = {}
        self.late_room: Room | None = None
        self.start_room(PEOPLE - 1, join_muted)
        for n in range(2, PEOPLE):
            self.join(n, masked=n % 2 == 0)

    # ── wishes ───────────────────────────────────────────────────────────────────────────────────

    @rule(by=actors, join_muted=st.booleans())
    def start_room(self, by: int, join_muted: bool) -> None:
        live = next((room.id for room in self.rooms if room.live), None)
        actor = self.people[by].actor
        cmd = c.StartRoom(actor, RoomId(self.new("room")), CHAT, "Title", join_muted, CAPACITY, live)
        try:
            room = found(start(cmd, self.now))
        except Refused as refusal:
            expected = Code.ROOM_ALREADY_LIVE if actor.manager else Code.MANAGERS_ONLY
            if refusal.code is not expected:
                raise
            return
        assert actor.manager
        self.rooms.append(room)
        self.silent = set()
        self.clients = {viewer: wire(room, viewer) for viewer in Viewer}
        self.come_late()

    @rule(by=people, masked=st.booleans())
    def join(self, by: int, masked: bool) -> None:
        who = self.people[by]
        before = self.rooms[-1].of(who.actor.account) if self.rooms else None
        persona = who.mask if masked else who.itself
        name = ParticipantId(self.new("part"))
        if not self.wish(c.Join(who.actor, persona, name, Csrc(self.count))):
            return
        after = self.rooms[-1].of(who.actor.account)
        assert after is not None
        same = before is not None and before.persona == persona
        assert after.id == (before.id if same and before else name)
        assert same or after.mic is not Mic.LIVE

    @rule(by=people)
    def leave(self, by: int) -> None:
        self.wish(c.Leave(self.people[by].actor.account))

    @rule(by=people, mic=st.sampled_from([Mic.LIVE, Mic.MUTED]))
    def set_mic(self, by: int, mic: Mic) -> None:
        self.wish(c.SetMic(self.people[by].actor.account, mic))

    @rule(by=people, question=st.sampled_from([None, "What is a tide?", "Why?"]))
    def raise_hand(self, by: int, question: str | None) -> None:
        self.wish(c.RaiseHand(self.people[by].actor, question))

    @rule(by=actors, on=people, which=st.sampled_from([c.Mute, c.Allow, c.LowerHand, c.Remove]))
    def moderate(self, by: int, on: int, which: type) -> None:
        target = self.rooms[-1].of(self.people[on].actor.account) if self.rooms else None
        who = ParticipantId("part-nobody") if target is None else target.id
        extra = (self.now + timedelta(minutes=1), "noise") if which is c.Remove else ()
        self.wish(which(self.people[by].actor, who, *extra))

    @rule(by=actors)
    def mute_all(self, by: int) -> None:
        if self.wish(c.MuteAll(self.people[by].actor)):
            assert not any(p.may_speak for p in self.rooms[-1].participants.values() if not p.manager)

    @rule(by=actors, hands=st.sampled_from(HandsPolicy), join_muted=st.booleans())
    def change_settings(self, by: int, hands: HandsPolicy, join_muted: bool) -> None:
        self.wish(c.SetHandsPolicy(self.people[by].actor, hands))
        self.wish(c.SetJoinMuted(self.people[by].actor, join_muted))

    @rule(by=actors, title=st.text(max_size=70))
    def change_title(self, by: int, title: str) -> None:
        self.wish(c.ChangeTitle(self.people[by].actor, title))

    @rule(by=actors, on=st.booleans())
    def record(self, by: int, on: bool) -> None:
        actor = self.people[by].actor
        self.wish(c.StartRecording(actor, RecordingId(self.new("rec")), "") if on else c.StopRecording(actor))

    @rule()
    def resume_recording(self) -> None:
        self.wish(c.ResumeRecording(RecordingId(self.new("rec"))))

    @rule(on=people, member=st.booleans(), manager=st.booleans())
    def change_standing(self, on: int, member: bool, manager: bool) -> None:
        person = self.people[on]
        person.actor = replace(person.actor, member=member or manager, manager=manager)
        self.wish(c.ChangeStanding(person.actor))

    @rule(on=people)
    def expel(self, on: int) -> None:
        self.wish(c.Expel(self.people[on].actor.account))

    @precondition(lambda self: self.rooms and self.now.minute % 5 == 4)
    @rule(by=actors)
    def end(self, by: int) -> None:
        self.wish(c.EndRoom(self.people[by].actor))

    @rule(seconds=st.sampled_from([0, 1, 45, 400]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # ── what must hold ───────────────────────────────────────────────────────────────────────────

    @invariant()
    def one_live_room_per_chat(self) -> None:
        assert sum(room.live for room in self.rooms) <= 1

    @invariant()
    def an_account_is_in_a_room_once(self) -> None:
        for room in self.rooms[-1:]:
            assert len({p.account for p in room.participants.values()}) == len(room.participants)
            assert not any(p.hand and p.may_speak for p in room.participants.values())

    @invariant()
    def what_is_kept_ready_of_the_people_is_what_follows_from_them(self) -> None:
        for room in self.rooms[-1:]:
            assert room.people == People.of(room.participants.values())

    @invariant()
    def a_manager_is_never_shut_up_for_good(self) -> None:
        for room in self.rooms[-1:]:
            assert all(p.may_speak for p in room.participants.values() if p.manager)

    @invariant()
    def a_late_client_catches_up_with_one_gathered_change(self) -> None:
        if self.rooms and self.late_room and self.late_room.id == self.rooms[-1].id:
            before, after = self.late_room, self.rooms[-1]
            for viewer in Viewer:
                change = room_change(before.version, after.version, changes(before, after, viewer))
                caught_up = fold(self.late[viewer], change.model_dump(mode="json"))
                assert as_set(caught_up) == as_set(wire(after, viewer))

    @invariant()
    def a_snapshot_holds_no_account_behind_a_mask(self) -> None:
        for room in self.rooms[-1:]:
            for viewer in Viewer:
                self.no_mask_leaks(room, str(wire(room, viewer)))
            listed = participants_page(room, Viewer.MANAGER, heard={}, now=self.now).items
            self.no_mask_leaks(room, str(listed))

    # ── the machinery ────────────────────────────────────────────────────────────────────────────

    def wish(self, cmd: c.Command) -> bool:
        """True when the room agreed. Each event is one version; clients fold each into what they see."""
        if not self.rooms:
            return False
        before = self.rooms[-1]
        try:
            events = decide(before, cmd, self.now)
        except Refused:
            return False
        room = before
        for event in events:
            self.no_microphone_is_opened_by_another(room, cmd, event)
            room = evolve(room, event)
        assert room.version == before.version + len(events)
        self.rooms[-1] = room
        self.nobody_speaks_who_may_not(before, room, cmd)
        self.remember_the_silenced(before, room, cmd)
        self.tell_clients(before, room)
        return True

    def tell_clients(self, before: Room, after: Room) -> None:
        for viewer in Viewer:
            change = room_change(before.version, after.version, changes(before, after, viewer))
            self.no_mask_leaks(after, change.model_dump_json())
            self.clients[viewer] = fold(self.clients[viewer], change.model_dump(mode="json"))
            assert as_set(self.clients[viewer]) == as_set(wire(after, viewer))
            if viewer is not Viewer.MANAGER:
                assert "tide" not in change.model_dump_json()
        if after.version % 11 == 0:
            self.come_late()

    def come_late(self) -> None:
        """A client that joins now and hears nothing until it is asked to catch up."""
        self.late_room, self.late = self.rooms[-1], dict(self.clients)

    def no_microphone_is_opened_by_another(self, room: Room, cmd: c.Command, event: e.Change) -> None:
        after = evolve(room, event)
        for p in after.participants.values():
            was = room.participants.get(p.id)
            if p.mic is Mic.LIVE and (was is None or was.mic is not Mic.LIVE):
                assert cmd == c.SetMic(p.account, Mic.LIVE)

    def nobody_speaks_who_may_not(self, before: Room, after: Room, cmd: c.Command) -> None:
        """The right to speak comes from the way of entry, a manager, or becoming one; never from oneself."""
        for p in after.participants.values():
            was = before.participants.get(p.id) or before.of(p.account)
            if was is not None and not was.may_speak and p.may_speak:
                assert p.manager or (isinstance(cmd, c.Allow) and cmd.by.manager)
            if was is None and p.may_speak and not p.manager:
                assert p.account not in self.silent
                assert not after.join_muted
                assert p.account not in after.silenced

    def remember_the_silenced(self, before: Room, after: Room, cmd: c.Command) -> None:
        """In the test's own words, to compare: whom a manager muted stays muted however often it enters."""
        muting = isinstance(cmd, c.Mute | c.MuteAll)
        for p in after.participants.values():
            was = before.participants.get(p.id)
            if muting and was is not None and was.may_speak and not p.may_speak:
                self.silent.add(p.account)
            if p.may_speak:
                self.silent.discard(p.account)

    def no_mask_leaks(self, room: Room, text: str) -> None:
        """Nothing of an account that is in under a mask (an account that is in as itself shows its name)."""
        for person in self.people:
            inside = room.of(person.actor.account)
            if inside is None or inside.persona.is_mask:
                assert not any(secret in text for secret in person.secrets)

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}_{self.count}"


RoomMachine.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestRoomMachine = pytest.mark.timeout(120)(RoomMachine.TestCase)
