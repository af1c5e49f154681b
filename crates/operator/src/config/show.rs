//! The configuration as it is in force, for `multee config show`.

use serde::Serialize;
use toml::Value;

use super::setting::SETTINGS;
use super::values::Values;

/// A setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The setting.
    pub key: &'static str,
    /// Its value in TOML; `None`: it has none. Of a URL, which may hold secrets, scheme and host are shown only.
    pub value: Option<String>,
    /// Where it is from; `None`: nowhere.
    pub origin: Option<String>,
    /// What it is for.
    pub about: &'static str,
}

/// All settings, in the order of the list.
pub fn shown(values: &Values) -> Vec<Shown> {
    let shown = SETTINGS.iter().map(|setting| {
        let found = values.values.get(setting.key);
        Shown {
            key: setting.key,
            value: found.map(|(value, _)| {
                if setting.is_secret() { masked(value) } else { value.clone() }.to_string()
            }),
            origin: found.map(|(_, origin)| origin.to_string()),
            about: setting.about,
        }
    });
    shown.collect()
}

fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked_url(text)),
        Value::Array(items) => Value::Array(items.iter().map(masked).collect()),
        other => other.clone(),
    }
}

/// Scheme and host; what else a URL has may be a password or a key.
fn masked_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "…".to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let whole = host == rest || rest == format!("{host}/");
    format!("{scheme}://{host}{}", if whole { "" } else { "/…" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_in_a_url_is_not_shown() {
        let flags = [
            ("rpc.endpoints", "https://user:hidden@host:1/hidden?hidden,ws://b"),
            ("operator.signer", "hidden"),
        ];
        let flags: Vec<(String, String)> = flags.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        let shown = shown(&Values::gather(&flags, [], None).expect("values"));
        assert!(!format!("{shown:?}").contains("hidden"));
        let endpoints = shown.iter().find(|setting| setting.key == "rpc.endpoints").expect("it is there");
        assert_eq!(endpoints.value.as_deref(), Some(r#"["https://host:1/…", "ws://b"]"#));
        assert_eq!(endpoints.origin.as_deref(), Some("flag"));
    }
}
