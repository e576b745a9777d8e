//! How each provider says what it has to say: names, case and order of the fields, spelling of
//! the bodies, as captured in August 2020.

mod aliyun;
mod distribution;
mod gcr;
mod hub;
mod provider;
mod quay;
mod shared;

pub(super) use provider::{registry, store, token};
pub(super) use shared::block_page;
