//! Server-Sent Events as bytes (HTML standard, section 9.2.6), made once for all readers.

use bytes::Bytes;
use palabre_core::shard::ParticipantId;

pub fn snapshot(version: u64, data: &[u8]) -> Bytes {
    frame("snapshot", Some(version), data)
}

pub fn change(version: u64, data: &[u8]) -> Bytes {
    frame("change", Some(version), data)
}

/// Who is heard now. It has no id: it is a fact of the moment, not of the room's versions.
pub fn speaking(participants: &[ParticipantId]) -> Bytes {
    let ids: Vec<&str> = participants.iter().map(ParticipantId::as_str).collect();
    let data = serde_json::json!({ "speaking": ids }).to_string();
    frame("speaking", None, data.as_bytes())
}

/// The last event of a stream that is not to be opened again.
pub fn bye(code: &str) -> Bytes {
    let data = serde_json::json!({ "code": code }).to_string();
    frame("bye", None, data.as_bytes())
}

pub fn keep_alive() -> Bytes {
    Bytes::from_static(b": keep-alive\n\n")
}

fn frame(event: &str, id: Option<u64>, data: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(data.len() + 64);
    out.extend_from_slice(format!("event: {event}\n").as_bytes());
    if let Some(id) = id {
        out.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    // A line break ends a field: every line of the document is a data field of its own.
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
    out.into()
}
