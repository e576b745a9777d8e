//! `pullscope ca`.

use sha2_hex::sha256;

use crate::config::{CaCommand, Dirs};
use crate::proxy::ca::{CaFiles, Identity};

use super::failure::Outcome;
use super::output;

pub(super) fn run(command: CaCommand, dirs: &Dirs) -> Outcome {
    let files = CaFiles::of_owner(dirs.data(), dirs.owner());
    let identity = match command {
        CaCommand::Regenerate => files.regenerate()?,
        _ => files.open()?,
    };
    match command {
        CaCommand::Print => output::data(identity.pem())?,
        CaCommand::Path => output::data(&format!("{}\n", files.certificate_path().display()))?,
        CaCommand::Info => output::data(&describe(&identity, &files)?)?,
        CaCommand::Regenerate => {
            output::data(&describe(&identity, &files)?)?;
            output::say(
                "A new CA was made. Clients that trusted the old one refuse this one until they \
                 are given the new certificate.",
            );
        }
    }
    Ok(())
}

fn describe(identity: &Identity, files: &CaFiles) -> Outcome<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(identity.certificate())
        .map_err(|error| anyhow::anyhow!("failed to read the CA's certificate: {error}"))?;
    let serial = certificate.raw_serial_as_string();
    Ok(format!(
        "subject      {}\n\
         valid        {} to {}\n\
         serial       {serial}\n\
         sha256       {}\n\
         certificate  {}\n\
         private key  {} (yours alone, never printed)\n",
        certificate.subject(),
        certificate.validity().not_before,
        certificate.validity().not_after,
        sha256(identity.certificate()),
        files.certificate_path().display(),
        files.key_path().display(),
    ))
}

/// The fingerprint as browsers and openssl print it.
mod sha2_hex {
    use aws_lc_rs::digest::{SHA256, digest};

    pub(super) fn sha256(bytes: &[u8]) -> String {
        let digest = digest(&SHA256, bytes);
        let pairs: Vec<String> = digest.as_ref().iter().map(|b| format!("{b:02X}")).collect();
        pairs.join(":")
    }
}
