//! Signalling of Janus's HTTP API (REST with long polls), as far as a listener of its streaming plugin needs it.
//!
//! Here the offer comes from the server. Written against <https://janus.conf.meetecho.com/docs/rest>.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use super::crowd::Crowd;
use super::sdp;
use crate::LoadError;

/// Longer than Janus holds a poll.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);
/// Events that may come before the one that is waited for.
const POLLS: usize = 5;

/// A Janus and one of its mountpoints.
pub struct Janus {
    agent: Agent,
    url: String,
    mountpoint: u32,
}

impl Janus {
    pub fn new(url: &str, mountpoint: u32) -> Self {
        let config = Agent::config_builder().timeout_global(Some(ANSWER_TIMEOUT));
        Self {
            agent: config.build().into(),
            url: url.to_owned(),
            mountpoint,
        }
    }

    /// One more listener: session, handle, offer, answer; it connects in the crowd's turns.
    pub fn bring(&self, crowd: &mut Crowd, server: IpAddr) -> Result<(), LoadError> {
        let session = self.make(&self.url, json!({ "janus": "create" }))?;
        let session = format!("{}/{session}", self.url);
        let attach = json!({ "janus": "attach", "plugin": "janus.plugin.streaming" });
        let handle = format!("{session}/{}", self.make(&session, attach)?);
        let watch = json!({ "request": "watch", "id": self.mountpoint });
        self.post(&handle, json!({ "janus": "message", "body": watch }))?;
        let offer = self.offer(&session)?;
        let number = crowd.add()?;
        let answer = json!({ "type": "answer", "sdp": crowd.answer(number, &offer)? });
        let start = json!({ "janus": "message", "body": { "request": "start" }, "jsep": answer });
        self.post(&handle, start)?;
        crowd.connect(number, sdp::remote(&offer, server)?);
        Ok(())
    }

    /// The SDP among the events of a session.
    fn offer(&self, session: &str) -> Result<String, LoadError> {
        for _ in 0..POLLS {
            let mut answer = self.agent.get(session).call().map_err(|e| self.failed(e))?;
            let text = answer
                .body_mut()
                .read_to_string()
                .map_err(|e| self.failed(e))?;
            let event: Value = parse(&text)?;
            if let Some(sdp) = event.pointer("/jsep/sdp").and_then(Value::as_str) {
                return Ok(sdp.to_owned());
            }
        }
        Err(LoadError::Sdp("Janus made no offer".into()))
    }

    /// Makes a session or a handle; gives its number.
    fn make(&self, url: &str, what: Value) -> Result<u64, LoadError> {
        let made = self.post(url, what)?;
        let id = made.pointer("/data/id").and_then(Value::as_u64);
        id.ok_or_else(|| LoadError::Sdp(format!("Janus answered {made}")))
    }

    fn post(&self, url: &str, mut what: Value) -> Result<Value, LoadError> {
        what["transaction"] = json!("palabre-load");
        let sent = self.agent.post(url).send(what.to_string());
        let mut answer = sent.map_err(|e| self.failed(e))?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|e| self.failed(e))?;
        parse(&text)
    }

    fn failed(&self, source: ureq::Error) -> LoadError {
        LoadError::Http {
            url: self.url.clone(),
            source: Box::new(source),
        }
    }
}

fn parse(text: &str) -> Result<Value, LoadError> {
    serde_json::from_str(text).map_err(|e| LoadError::Network(e.into()))
}
