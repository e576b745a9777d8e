//! A provider's token server.

use serde_json::json;
use url::form_urlencoded;

use super::answer::Answer;
use super::keys::KeyError;
use super::service::ProviderService;
use super::token::Access;
use super::{Fault, IncomingRequest, OutgoingResponse};

impl ProviderService {
    /// Answers a request for a token, with GET (Docker token specification) or POST (`OAuth2`).
    pub(super) fn token(&self, request: &IncomingRequest) -> Result<OutgoingResponse, KeyError> {
        let now = self.token_time();
        let oauth = request.method == "POST";
        let parameters = match request.method.as_str() {
            "GET" | "HEAD" => request.query.as_deref().unwrap_or_default().as_bytes(),
            "POST" => &request.body,
            _ => {
                let message = "ask for a token with GET or POST";
                let refusal = Answer::refusal("405 Method Not Allowed", "UNSUPPORTED", message);
                return Ok(self.refuse(refusal.field("Allow", "GET, POST")));
            }
        };
        let mut service = None;
        let mut access = Vec::new();
        for (key, value) in form_urlencoded::parse(parameters) {
            match &*key {
                "service" => service = Some(value.into_owned()),
                "scope" => access.extend(value.split(' ').filter_map(Access::parse)),
                _ => {}
            }
        }
        let own = &self.profile().service;
        if let Some(other) = service.filter(|service| service != own) {
            let message = format!("unknown service '{other}'; this is the token server of {own}");
            let refusal = Answer::refusal("400 Bad Request", "UNSUPPORTED", &message);
            return Ok(self.refuse(refusal));
        }
        // Everything in the lab is public; whoever logs in, as anyone, may push where pushes are taken.
        let pushes = self.profile().push && (oauth || request.field("authorization").is_some());
        for access in &mut access {
            let granted = |action: &String| action == "pull" || pushes && action == "push";
            access.actions.retain(granted);
            if self.has(Fault::WrongScope) {
                access.name.push_str("-other");
            }
        }
        let server = self.profile().tokens.as_ref().ok_or(KeyError)?;
        let grant = server.issue(&self.keys, own, access, now)?;
        let scopes: Vec<_> = grant.access.iter().map(Access::scope).collect();
        let answer = Answer::new(if oauth { &["oauth"] } else { &["token"] })
            .fact("token", grant.token)
            .fact("lifetime", grant.lifetime.to_string())
            .fact("issued", grant.issued.to_string())
            .fact("scope", json!(scopes.join(" ")).to_string());
        Ok(self.profile().say(answer, now))
    }
}
