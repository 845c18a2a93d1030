//! Which objects a command is about: `is`, `is,istag`, `is app other`, `is/app istag/app:v1`.

use super::Kind;
use crate::cli::failure::Failure;

/// Objects of one kind.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Selected {
    pub(in crate::cli) kind: Kind,
    /// Nothing means all of them.
    pub(in crate::cli) names: Vec<String>,
}

/// Reads the arguments of a command.
pub(in crate::cli) fn selected(arguments: &[String]) -> Result<Vec<Selected>, Failure> {
    let (first, names) = arguments.split_first().ok_or_else(|| {
        Failure::Told("error: you must specify the type of resource, as in: is, istag, isimage, images".to_owned())
    })?;
    if arguments.iter().any(|argument| argument.contains('/')) {
        return arguments.iter().map(|argument| pair(argument)).collect();
    }
    let kinds = first.split(',').map(kind);
    kinds.map(|kind| Ok(Selected { kind: kind?, names: names.to_vec() })).collect()
}

fn pair(argument: &str) -> Result<Selected, Failure> {
    let (kind_name, name) = argument.split_once('/').ok_or_else(|| {
        let rule = "there is no need to specify a resource type as a separate argument when passing arguments in \
                    resource/name form (e.g. 'weir get resource/<resource_name>' instead of 'weir get resource \
                    resource/<resource_name>'";
        Failure::Told(format!("error: {rule}"))
    })?;
    if kind_name.is_empty() || name.is_empty() || name.contains('/') {
        let rule = "arguments in resource/name form must have a single resource and name";
        return Err(Failure::Told(format!("error: {rule}")));
    }
    Ok(Selected { kind: kind(kind_name)?, names: vec![name.to_owned()] })
}

fn kind(name: &str) -> Result<Kind, Failure> {
    let unknown = || Failure::Told(format!("error: the server doesn't have a resource type {name:?}"));
    Kind::find(name).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &str) -> Result<Vec<(&'static str, String)>, String> {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let selected = selected(&arguments).map_err(|failure| failure.to_string())?;
        Ok(selected.into_iter().map(|selected| (selected.kind.name, selected.names.join(" "))).collect())
    }

    #[test]
    fn objects_are_named_in_two_ways() {
        assert_eq!(read("is").unwrap(), [("ImageStream", String::new())]);
        assert_eq!(read("is app b").unwrap(), [("ImageStream", "app b".to_owned())]);
        assert_eq!(read("is,istag").unwrap(), [("ImageStream", String::new()), ("ImageStreamTag", String::new())]);
        let pairs = [("ImageStream", "app".to_owned()), ("ImageStreamTag", "app:v1".to_owned())];
        assert_eq!(read("is/app istag/app:v1").unwrap(), pairs);
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for (arguments, words) in [
            ("", "error: you must specify the type of resource"),
            ("pods", "error: the server doesn't have a resource type \"pods\""),
            ("is is/app", "error: there is no need to specify a resource type as a separate argument"),
            ("is/", "error: arguments in resource/name form must have a single resource and name"),
            ("is/a/b", "error: arguments in resource/name form must have a single resource and name"),
        ] {
            let told = read(arguments).unwrap_err();
            assert!(told.starts_with(words), "{told}");
        }
    }
}
