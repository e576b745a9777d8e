//! The way from an answer to the dialect of a provider.

use jiff::Timestamp;

use super::super::answer::{RegistryAnswer, StoreAnswer};
use super::super::token::Grant;
use super::super::{OutgoingResponse, Provider};
use super::{aliyun, distribution, gcr, hub, quay};

/// A registry's answer in its provider's words.
pub(in super::super) fn registry(
    provider: Provider,
    answer: RegistryAnswer,
    now: Timestamp,
) -> OutgoingResponse {
    match provider {
        Provider::Hub => distribution::registry(answer, now).fields(hub::HSTS),
        Provider::Mirror => distribution::registry(answer, now),
        Provider::Gcr => gcr::registry(answer, now),
        Provider::Quay => quay::registry(answer, now),
    }
}

/// A token in its provider's words; `oauth` when it was asked for with POST.
pub(in super::super) fn token(
    provider: Provider,
    grant: &Grant,
    oauth: bool,
    now: Timestamp,
) -> OutgoingResponse {
    match provider {
        Provider::Hub | Provider::Mirror => hub::token(grant, oauth, now),
        Provider::Gcr => gcr::token(grant, oauth, now),
        Provider::Quay => quay::token(grant, oauth, now),
    }
}

/// A blob store's answer in its provider's words.
pub(in super::super) fn store(
    provider: Provider,
    answer: StoreAnswer,
    now: Timestamp,
) -> OutgoingResponse {
    match provider {
        Provider::Hub => hub::store(answer, now),
        Provider::Mirror => aliyun::store(answer, now),
        Provider::Gcr => gcr::store(answer, now),
        Provider::Quay => quay::store(answer, now),
    }
}
