//! What was decoded before: the same bytes are decoded once, and what they say is kept once.

use std::hash::Hash;
use std::sync::Arc;

use aws_lc_rs::digest;

use url::Url;

use super::redirect::authority;
use super::{Client, Document, Endpoint, ImageConfig, MediaType, TokenAnswer};
use crate::base::fast::HashMap;

/// What many exchanges of a session say alike. One that is empty leaves nothing out.
#[derive(Debug, Default)]
pub struct Known {
    names: HashMap<Box<str>, Arc<str>>,
    media_types: HashMap<Box<str>, MediaType>,
    places: HashMap<Box<str>, KnownPlace>,
    clients: HashMap<Box<str>, Arc<Client>>,
    documents: HashMap<Sha256, Document>,
    configs: HashMap<Sha256, Option<Arc<ImageConfig>>>,
    token_answers: HashMap<Sha256, Option<Arc<TokenAnswer>>>,
}

/// A URL, its authority, and its route of the registry API.
type KnownPlace = (Option<Arc<Url>>, Arc<str>, Option<Arc<Endpoint>>);

type Sha256 = [u8; digest::SHA256_OUTPUT_LEN];

/// Longer documents are not remembered.
const SHORT: usize = 16 * 1024;
/// More than this is not remembered: what clients send must not fill memory.
const MOST: usize = 1_024;

impl Known {
    pub(super) fn client(&mut self, user_agent: &str) -> Arc<Client> {
        by_text(&mut self.clients, user_agent, |text| {
            Arc::new(Client::read(text))
        })
    }

    pub(super) fn media_type(&mut self, text: &str) -> MediaType {
        by_text(&mut self.media_types, text, MediaType::read)
    }

    /// A word that many exchanges hold.
    pub(super) fn name(&mut self, text: &str) -> Arc<str> {
        by_text(&mut self.names, text, |text| text.into())
    }

    pub(super) fn place(&mut self, url: &str) -> KnownPlace {
        let names = &mut self.names;
        by_text(&mut self.places, url, |url| {
            let url = Url::parse(url).ok();
            let authority = url.as_ref().and_then(authority).unwrap_or_default();
            let authority = by_text(names, &authority, |text| text.into());
            let endpoint = url.as_ref().and_then(Endpoint::read);
            (url.map(Arc::new), authority, endpoint.map(Arc::new))
        })
    }

    pub(super) fn document(&mut self, bytes: &[u8]) -> Document {
        let read = || Document::read(bytes);
        match sha256(bytes) {
            Some(key) => once(&mut self.documents, key, read),
            None => read(),
        }
    }

    pub(super) fn config(&mut self, bytes: &[u8]) -> Option<Arc<ImageConfig>> {
        let read = || ImageConfig::read(bytes).map(Arc::new);
        match sha256(bytes) {
            Some(key) => once(&mut self.configs, key, read),
            None => read(),
        }
    }

    pub(super) fn token_answer(&mut self, bytes: &[u8]) -> Option<Arc<TokenAnswer>> {
        let read = || TokenAnswer::read(bytes).map(Arc::new);
        match sha256(bytes) {
            Some(key) => once(&mut self.token_answers, key, read),
            None => read(),
        }
    }
}

/// What short bytes are known by. It is computed here: what a trace says of itself may be wrong.
fn sha256(bytes: &[u8]) -> Option<Sha256> {
    if bytes.len() > SHORT {
        return None;
    }
    let value = digest::digest(&digest::SHA256, bytes);
    value.as_ref().try_into().ok()
}

fn by_text<T: Clone>(
    known: &mut HashMap<Box<str>, T>,
    text: &str,
    read: impl FnOnce(&str) -> T,
) -> T {
    if text.len() > SHORT {
        return read(text);
    }
    match known.get(text) {
        Some(value) => value.clone(),
        None => once(known, text.into(), || read(text)),
    }
}

fn once<K: Eq + Hash, T: Clone>(known: &mut HashMap<K, T>, key: K, read: impl FnOnce() -> T) -> T {
    if known.len() >= MOST && !known.contains_key(&key) {
        known.clear();
    }
    known.entry(key).or_insert_with(read).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_describes_an_image_is_kept_once_unless_it_is_long() {
        for (length, once) in [(SHORT, true), (SHORT + 1, false)] {
            let mut known = Known::default();
            let padded = |text: &str| format!("{text:length$}");
            let index = padded(r#"{"manifests":[{"size":7}]}"#);
            let mut document = || known.document(index.as_bytes());
            let (Document::Index(one), Document::Index(other)) = (document(), document()) else {
                panic!("no index")
            };
            assert_eq!(Arc::ptr_eq(&one, &other), once);
            let config = padded(r#"{"os":"linux","rootfs":{}}"#);
            let mut config = || known.config(config.as_bytes()).unwrap();
            assert_eq!(Arc::ptr_eq(&config(), &config()), once);
        }
    }

    #[test]
    fn no_more_than_so_much_is_remembered() {
        let mut known = Known::default();
        for number in 0..=MOST {
            known.client(&format!("client/{number}"));
            known.document(format!("{number}").as_bytes());
        }
        assert_eq!((known.clients.len(), known.documents.len()), (1, 1));
    }
}
