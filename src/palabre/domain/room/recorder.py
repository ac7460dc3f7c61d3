"""Recording on and off: one at a time."""

from datetime import datetime
from typing import assert_never

from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.domain.room import events as e
from palabre.domain.room import policy
from palabre.domain.room.state import Room


def record(
    room: Room,
    cmd: c.StartRecording | c.StopRecording | c.LoseRecording | c.ResumeRecording,
    now: datetime,
) -> e.Changes:
    running = room.recording
    match cmd:
        case c.StartRecording(by, recording, raw):
            policy.need_manager(by)
            title = policy.checked_title(raw)
            if running is not None:
                raise Refused(Code.ALREADY_RECORDING)
            return (e.RecordingStarted(recording, title, by.account, now),)
        case c.StopRecording(by):
            policy.need_manager(by)
            if running is None:
                raise Refused(Code.NOT_RECORDING)
            return (e.RecordingStopped(running.id),)
        case c.LoseRecording(recording):
            lost = running is not None and running.id == recording
            return (e.RecordingStopped(recording),) if lost else ()
        case c.ResumeRecording(recording):
            if running is None:
                return ()
            again = e.RecordingStarted(recording, running.title, running.started_by, now)
            return (e.RecordingStopped(running.id), again)
        case _:
            assert_never(cmd)
