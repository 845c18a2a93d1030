//! Logins for other registries that the secrets of a namespace hold.
//!
//! Source: `staticcredentials.go` and the import controllers of OpenShift: all secrets of the two types count, whoever may
//! use them, except those that say otherwise.

use super::object::Secret;
use super::{Namespaces, Wanted};
use crate::records;
use crate::upstream::{Credentials, InvalidCredentials};

/// Secrets whose annotation of this name says `true` are not used.
const EXCLUDE: &str = "openshift.io/image.excludeSecret";

/// What the text of a type of secret is called in its data, and how it is read.
type Form = (&'static str, &'static str, fn(&[u8]) -> Result<Credentials, InvalidCredentials>);

const FORMS: [Form; 2] = [
    ("kubernetes.io/dockerconfigjson", ".dockerconfigjson", Credentials::from_config_json),
    ("kubernetes.io/dockercfg", ".dockercfg", Credentials::from_dockercfg),
];

impl Namespaces<'_> {
    /// The logins of a namespace. A secret that cannot be read counts as none, and is told of in the log.
    pub(crate) async fn logins(&self, namespace: &str) -> Result<Credentials, records::Error> {
        let wanted = Wanted { namespace: Some(namespace), ..Wanted::default() };
        let secrets = self.secrets(&wanted).await.map_err(|error| match error {
            super::Error::Records(error) => error,
            other => weir_storage::Error::Unavailable(other.to_string()).into(),
        })?;
        Ok(secrets.items.iter().filter_map(of_secret).fold(Credentials::none(), Credentials::and))
    }
}

fn of_secret(secret: &Secret) -> Option<Credentials> {
    if secret.metadata.annotations.get(EXCLUDE).is_some_and(|value| value == "true") {
        return None;
    }
    let (_, key, read) = FORMS.into_iter().find(|(kind, ..)| *kind == secret.kind)?;
    match read(secret.data.0.get(key)?) {
        Ok(logins) => Some(logins),
        Err(error) => {
            let (namespace, name) = (&secret.metadata.namespace, &secret.metadata.name);
            tracing::warn!(
                secret.namespace = namespace,
                secret.name = name,
                "The secret {namespace}/{name} is not used: {error}"
            );
            None
        }
    }
}
