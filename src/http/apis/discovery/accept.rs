//! What a client accepts.

/// How an object is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Yaml,
}

/// What can be answered where groups are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// The names of groups only.
    Plain(Form),
    /// All groups with all their resources.
    Aggregated,
}

/// A media type that is accepted.
struct Range<'a> {
    media_type: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f32,
}

/// The form in which an object is answered. What a media type says beyond its name does not count.
pub(super) fn of_object(accept: Option<&str>) -> Option<Form> {
    ranges(accept).iter().find_map(|range| form(range.media_type))
}

/// How groups are listed.
pub(super) fn of_listing(accept: Option<&str>) -> Option<Listing> {
    ranges(accept).iter().find_map(|range| {
        let value = |name: &str| range.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let form = form(range.media_type)?;
        match (value("g"), value("v"), value("as")) {
            (_, _, None) => Some(Listing::Plain(form)),
            (Some("apidiscovery.k8s.io"), Some("v2"), Some("APIGroupDiscoveryList")) if form == Form::Json => {
                Some(Listing::Aggregated)
            }
            _ => None,
        }
    })
}

/// Whether one of the media types is accepted, by its name or by a wildcard; the first accepted is told.
pub(super) fn first_of<'a>(accept: Option<&str>, offered: &[&'a str]) -> Option<&'a str> {
    ranges(accept).iter().find_map(|range| {
        offered.iter().copied().find(|media_type| match range.media_type {
            "*/*" => true,
            wanted => match wanted.strip_suffix("/*") {
                Some(main) => media_type.split_once('/').is_some_and(|(offered, _)| offered == main),
                None => *media_type == wanted,
            },
        })
    })
}

fn form(media_type: &str) -> Option<Form> {
    match media_type {
        "application/json" | "application/*" | "*/*" => Some(Form::Json),
        "application/yaml" => Some(Form::Yaml),
        _ => None,
    }
}

/// What is accepted, the best first.
fn ranges(accept: Option<&str>) -> Vec<Range<'_>> {
    let mut ranges: Vec<Range<'_>> = match accept {
        None | Some("") => return vec![Range { media_type: "*/*", parameters: Vec::new(), quality: 1.0 }],
        Some(accept) => accept.split(',').map(range).filter(|range| range.quality > 0.0).collect(),
    };
    ranges.sort_by(|one, other| other.quality.total_cmp(&one.quality));
    ranges
}

fn range(text: &str) -> Range<'_> {
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let mut parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let quality =
        parameters.iter().find(|(name, _)| *name == "q").and_then(|(_, value)| value.parse().ok()).unwrap_or(1.0);
    parameters.retain(|(name, _)| *name != "q");
    Range { media_type, parameters, quality }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_form_that_is_served_wins() {
        assert_eq!(of_object(None), Some(Form::Json));
        assert_eq!(of_object(Some("text/html")), None);
        assert_eq!(of_object(Some("application/vnd.kubernetes.protobuf,application/json")), Some(Form::Json));
        assert_eq!(of_object(Some("application/json;q=0.5, application/yaml")), Some(Form::Yaml));
        assert_eq!(of_object(Some("application/json;q=0")), None);
        assert_eq!(of_object(Some("text/html, */*;q=0.1")), Some(Form::Json));
    }

    #[test]
    fn wildcards_accept_what_is_offered_first() {
        let offered = ["application/a", "application/b"];
        assert_eq!(first_of(Some("application/b"), &offered), Some("application/b"));
        assert_eq!(first_of(Some("application/*"), &offered), Some("application/a"));
        assert_eq!(first_of(Some("text/*"), &offered), None);
    }
}
