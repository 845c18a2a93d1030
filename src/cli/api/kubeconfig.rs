//! The current context of a kubeconfig: server, trust, token and namespace. What needs programs or client certificates is
//! refused in plain words.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Certificate;
use serde::Deserialize;
use serde_json::Value;

use super::token::Token;
use super::transport;
use crate::http::apis::yaml;

/// What the current context says.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) server: String,
    pub(super) certificates: Vec<Certificate>,
    /// Whether the server must prove who it is.
    pub(super) verified: bool,
    pub(super) token: Option<Token>,
    pub(super) namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Kubeconfig {
    current_context: Option<String>,
    clusters: Option<Vec<Named>>,
    users: Option<Vec<Named>>,
    contexts: Option<Vec<Named>>,
}

/// An entry of one of the lists; the other field has the name of what it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
    cluster: Option<Cluster>,
    user: Option<User>,
    context: Option<ContextOf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    server: String,
    certificate_authority: Option<PathBuf>,
    certificate_authority_data: Option<String>,
    insecure_skip_tls_verify: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    token: Option<Token>,
    #[serde(rename = "tokenFile")]
    token_file: Option<PathBuf>,
    client_certificate: Option<Value>,
    client_certificate_data: Option<Value>,
    username: Option<Value>,
    exec: Option<Value>,
    auth_provider: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ContextOf {
    cluster: String,
    user: String,
    namespace: Option<String>,
}

/// Reads the file that a flag names, which must have a current context.
pub(super) fn read(file: &Path) -> Result<Current, anyhow::Error> {
    let current = current(&[(file.to_owned(), parse(file)?)]).with_context(|| shown(file))?;
    current.ok_or_else(|| anyhow!("the kubeconfig {} has no current context", file.display()))
}

/// Reads the files that the environment names, or the one in the home directory. Files that do not exist say nothing.
pub(super) fn find() -> Result<Option<Current>, anyhow::Error> {
    let files = match env::var_os("KUBECONFIG").filter(|files| !files.is_empty()) {
        Some(files) => env::split_paths(&files).filter(|file| !file.as_os_str().is_empty()).collect(),
        None => env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect::<Vec<_>>(),
    };
    let present = files.into_iter().filter(|file| file.exists());
    let read: Result<Vec<_>, anyhow::Error> = present.map(|file| Ok((file.clone(), parse(&file)?))).collect();
    current(&read?).context("failed to read the kubeconfig")
}

fn shown(file: &Path) -> String {
    format!("failed to read the kubeconfig {}", file.display())
}

fn parse(file: &Path) -> Result<Kubeconfig, anyhow::Error> {
    let text = std::fs::read_to_string(file).with_context(|| shown(file))?;
    // An empty file is one in which nothing has been written yet.
    if text.trim().is_empty() { Ok(Kubeconfig::default()) } else { read_yaml(&text).with_context(|| shown(file)) }
}

fn read_yaml(text: &str) -> Result<Kubeconfig, anyhow::Error> {
    let value = yaml::parse(text).map_err(anyhow::Error::msg)?;
    Ok(serde_json::from_value(value)?)
}

/// What the files say together: of each name, the first entry is the one.
fn current(files: &[(PathBuf, Kubeconfig)]) -> Result<Option<Current>, anyhow::Error> {
    let named = files.iter().find_map(|(_, file)| file.current_context.as_deref().filter(|name| !name.is_empty()));
    let Some(name) = named else { return Ok(None) };
    let (_, context) = entry(files, |file| &file.contexts, |entry| entry.context.clone(), name)
        .ok_or_else(|| anyhow!("there is no context {name:?}"))?;
    let (cluster_file, cluster) = entry(files, |file| &file.clusters, |entry| entry.cluster.clone(), &context.cluster)
        .ok_or_else(|| anyhow!("there is no cluster {:?}", context.cluster))?;
    let user = entry(files, |file| &file.users, |entry| entry.user.clone(), &context.user);
    let token = user.map(|(file, user)| user.token(file)).transpose()?.flatten();
    Ok(Some(Current {
        certificates: cluster.certificates(cluster_file)?,
        verified: !cluster.insecure_skip_tls_verify,
        server: cluster.server,
        token,
        namespace: context.namespace.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned()),
    }))
}

fn entry<'a, T>(
    files: &'a [(PathBuf, Kubeconfig)],
    list: impl Fn(&'a Kubeconfig) -> &'a Option<Vec<Named>>,
    part: impl Fn(&'a Named) -> Option<T>,
    name: &str,
) -> Option<(&'a Path, T)> {
    files.iter().find_map(|(file, config)| {
        let found = list(config).iter().flatten().find(|entry| entry.name == name)?;
        Some((file.as_path(), part(found)?))
    })
}

impl Cluster {
    fn certificates(&self, beside: &Path) -> Result<Vec<Certificate>, anyhow::Error> {
        match (&self.certificate_authority_data, &self.certificate_authority) {
            (Some(data), _) if !data.is_empty() => {
                let pem = BASE64_STANDARD.decode(data).context("certificate-authority-data is no base64")?;
                transport::certificates_in(&pem).context("certificate-authority-data")
            }
            (_, Some(file)) if !file.as_os_str().is_empty() => transport::certificates(&relative(beside, file)),
            _ => Ok(Vec::new()),
        }
    }
}

impl User {
    fn token(self, beside: &Path) -> Result<Option<Token>, anyhow::Error> {
        if let Some(token) = self.token.filter(|token| !token.is_empty()) {
            return Ok(Some(token));
        }
        if let Some(file) = self.token_file.filter(|file| !file.as_os_str().is_empty()) {
            return Ok(Some(token_in(&relative(beside, &file))?));
        }
        let others =
            [self.client_certificate, self.client_certificate_data, self.username, self.exec, self.auth_provider];
        if others.iter().any(Option::is_some) {
            bail!("the user of the current context has no token, and nothing else can be used here: say --token-file");
        }
        Ok(None)
    }
}

/// Paths in a kubeconfig begin where the file is.
fn relative(beside: &Path, file: &Path) -> PathBuf {
    beside.parent().map_or_else(|| file.to_owned(), |folder| folder.join(file))
}

/// The token in a file.
pub(super) fn token_in(file: &Path) -> Result<Token, anyhow::Error> {
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let token: Token = text.parse()?;
    if token.is_empty() {
        bail!("{} holds no token", file.display());
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(texts: &[&str]) -> Result<Option<Current>, anyhow::Error> {
        let files = texts.iter().map(|text| (PathBuf::from("/nowhere/config"), read_yaml(text).unwrap()));
        current(&files.collect::<Vec<_>>())
    }

    const CLUSTERS: &str = "clusters:\n- name: k\n  cluster:\n    server: https://one.test\n";
    const CONTEXTS: &str = "\
apiVersion: v1
kind: Config
preferences: {}
current-context: c
contexts:
- name: c
  context: {cluster: k, user: u}
users: null
";

    #[test]
    fn files_are_read_as_one() {
        let second =
            "clusters: [{name: k, cluster: {server: 'https://two.test'}}]\nusers: [{name: u, user: {token: t}}]";
        let current = together(&[CONTEXTS, CLUSTERS, second]).unwrap().unwrap();
        assert_eq!((current.server.as_str(), current.token), ("https://one.test", Some("t".parse().unwrap())));
        assert_eq!((current.namespace.as_str(), current.verified), ("default", true));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(together(&[CLUSTERS]).unwrap().is_none());
        assert!(together(&["current-context: ''"]).unwrap().is_none());
        let told = |texts: &[&str]| format!("{:#}", together(texts).unwrap_err());
        assert_eq!(told(&["current-context: x"]), "there is no context \"x\"");
        assert_eq!(told(&[CONTEXTS]), "there is no cluster \"k\"");
        let user = "users: [{name: u, user: {client-certificate-data: aGk=}}]";
        assert!(told(&[CONTEXTS, CLUSTERS, user]).contains("say --token-file"));
    }

    #[test]
    fn an_authority_that_is_none_is_refused() {
        let with = |data: &str| {
            format!("clusters: [{{name: k, cluster: {{server: 'https://x', certificate-authority-data: {data}}}}}]")
        };
        let told = |data: &str| format!("{:#}", together(&[CONTEXTS, &with(data)]).unwrap_err());
        assert!(told("'!'").starts_with("certificate-authority-data is no base64: "));
        assert_eq!(told("aGk="), "certificate-authority-data: there is no certificate in it");
    }
}
