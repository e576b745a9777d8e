//! Access scopes (Docker registry token specification, "Token scope").

use std::fmt;

use serde::Serialize;

/// What may be done to which resource: `repository:library/alpine:pull`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Scope {
    /// The resource type, such as `repository` or `registry`, with its class in parentheses
    /// where one was given (`repository(plugin)`).
    #[serde(rename = "type")]
    pub resource: String,
    /// The resource's name; may hold a port and slashes.
    pub name: String,
    /// The actions, such as `pull`, `push`, `delete` or `*`.
    pub actions: Vec<String>,
}

impl Scope {
    /// Reads one scope. The type ends at the first colon and the actions begin at the last one,
    /// since a name may hold `host:port`. `None` when there are not two colons.
    pub fn read(text: &str) -> Option<Self> {
        let (resource, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        Some(Self {
            resource: resource.to_owned(),
            name: name.to_owned(),
            actions: actions
                .split(',')
                .filter(|action| !action.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Reads a space-separated list, leaving out what is no scope.
    pub fn read_list(text: &str) -> Vec<Self> {
        text.split_whitespace().filter_map(Self::read).collect()
    }

    /// Whether these give all that it asks for.
    pub fn is_granted_by(&self, granted: &[Self]) -> bool {
        let mut actions = self.actions.iter();
        let mut own = granted
            .iter()
            .filter(|g| g.resource == self.resource && g.name == self.name);
        own.any(|g| actions.all(|action| g.actions.iter().any(|a| a == action || a == "*")))
    }

    /// Whether it is about a repository.
    pub fn is_repository(&self) -> bool {
        self.resource == "repository" || self.resource.starts_with("repository(")
    }

    /// Whether it lets this action happen to this repository.
    pub fn allows(&self, repository: &str, action: &str) -> bool {
        self.is_repository()
            && self.name == repository
            && self.actions.iter().any(|a| a == action || a == "*")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}",
            self.resource,
            self.name,
            self.actions.join(",")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_a_port() {
        let scope = Scope::read("repository:r.example:5000/a/b:pull,push").unwrap();
        assert_eq!(scope.name, "r.example:5000/a/b");
        assert_eq!(scope.actions, ["pull", "push"]);
        assert!(scope.allows("r.example:5000/a/b", "push"));
        assert!(!scope.allows("a/b", "push"));
        assert_eq!(scope.to_string(), "repository:r.example:5000/a/b:pull,push");
    }

    #[test]
    fn a_list_skips_what_is_no_scope() {
        let scopes = Scope::read_list("repository:a:pull nonsense registry:catalog:*");
        assert_eq!(scopes.len(), 2);
        assert!(!scopes[1].is_repository());
    }
}
