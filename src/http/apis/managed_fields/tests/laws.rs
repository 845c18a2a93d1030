//! What holds of any object.

use std::collections::BTreeMap;

use proptest::collection::btree_map;
use proptest::prelude::*;

use super::*;
use crate::http::apis::managed_fields::element::{Element, Scalar};

fn element() -> impl Strategy<Value = Element> {
    let scalar = prop_oneof![
        any::<i64>().prop_map(Scalar::Whole),
        any::<String>().prop_map(Scalar::Text),
        any::<bool>().prop_map(Scalar::Truth),
    ];
    prop_oneof![
        any::<String>().prop_map(|name| Element::Field(name.into())),
        scalar.clone().prop_map(Element::Value),
        btree_map("[a-z]{1,3}", scalar, 1..3)
            .prop_map(|keys| Element::Key(keys.into_iter().map(|(name, value)| (name.into(), value)).collect())),
        (0_i64..9).prop_map(Element::Index),
    ]
}

fn paths() -> impl Strategy<Value = Paths> {
    let node = |(member, below): (bool, BTreeMap<Element, Paths>)| {
        let member = member || below.is_empty();
        Paths { member, below }
    };
    let leaf = Just(Paths::point());
    leaf.prop_recursive(3, 16, 3, move |inner| (any::<bool>(), btree_map(element(), inner, 0..3)).prop_map(node))
        .prop_map(|paths| Paths { member: false, ..paths })
}

/// The spec of a stream with some tags, none twice.
fn spec() -> impl Strategy<Value = Value> {
    let annotations = btree_map("[a-b]", "[x-y]", 0..2);
    let tag = (proptest::option::of("[x-z]"), annotations, proptest::option::of(0_i64..2));
    (btree_map("[a-d]", tag, 0..4), proptest::option::of("[r-s]")).prop_map(|(tags, repository)| {
        let tags: Vec<Value> = tags
            .into_iter()
            .map(|(name, (from, annotations, generation))| {
                let mut tag = json!({"name": name});
                if let Some(from) = from {
                    tag["from"] = json!({"name": from});
                }
                if !annotations.is_empty() {
                    tag["annotations"] = json!(annotations);
                }
                if let Some(generation) = generation {
                    tag["generation"] = json!(generation);
                }
                tag
            })
            .collect();
        let mut spec = json!({});
        if !tags.is_empty() {
            spec["tags"] = Value::Array(tags);
        }
        if let Some(repository) = repository {
            spec["dockerImageRepository"] = json!(repository);
        }
        spec
    })
}

fn without_owners(object: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"].as_object_mut().unwrap().shift_remove("managedFields");
    object
}

/// Everything that anybody owns.
fn all_paths(object: &Value) -> Paths {
    owners(object).iter().fold(Paths::default(), |all, (_, fields)| all.union(&Paths::decode(fields).unwrap()))
}

proptest! {
    #[test]
    fn sets_survive_their_encoding(paths in paths()) {
        prop_assert_eq!(Paths::decode(&paths.encode()), Some(paths));
    }

    #[test]
    fn sets_obey_the_laws_of_sets(one in paths(), other in paths()) {
        let both = one.clone().union(&other);
        prop_assert_eq!(&other.clone().union(&one), &both);
        prop_assert_eq!(one.intersection(&both), one.clone());
        prop_assert_eq!(both.clone().difference(&both), Paths::default());
        let apart = one.clone().difference(&other).union(&one.intersection(&other));
        prop_assert_eq!(apart, one);
    }

    #[test]
    fn updates_change_nothing_but_owners(old in spec(), new in spec()) {
        let made = updated(None, &stream(old), &updater("one"));
        let changed = updated(Some(&made), &stream(new.clone()), &updater("two"));
        prop_assert_eq!(without_owners(&changed), stream(new));
    }

    #[test]
    fn each_leaf_has_one_owner_after_updates(old in spec(), new in spec()) {
        let made = updated(None, &stream(old.clone()), &updater("one"));
        let changed = updated(Some(&made), &stream(new.clone()), &updater("two"));
        let lists = owners(&changed);
        if let [(_, one), (_, two)] = lists.as_slice() {
            let common = Paths::decode(one).unwrap().intersection(&Paths::decode(two).unwrap());
            prop_assert_eq!(common, Paths::default());
        }
        if !owners(&made).is_empty() {
            let whole = updated(None, &stream(new), &updater("whole"));
            // Where a field is zero at the making nobody owns it, yet who sets it to zero later does.
            prop_assert_eq!(all_paths(&whole).difference(&all_paths(&changed)), Paths::default());
        }
    }

    #[test]
    fn applying_twice_is_applying_once(live in spec(), wanted in spec(), later in 6_i64..9) {
        let live = updated(None, &stream(live), &updater("one"));
        let wanted = stream(wanted);
        let once = apply(Some(&live), &wanted, &STREAM, &manager("two", Operation::Apply, 5), true).unwrap();
        let twice = apply(Some(&once), &wanted, &STREAM, &manager("two", Operation::Apply, later), false);
        prop_assert_eq!(twice, Ok(once));
    }

    #[test]
    fn what_one_owner_applies_is_all_there_is(first in spec(), second in spec()) {
        let by = manager("one", Operation::Apply, 5);
        let made = apply(None, &stream(first), &STREAM, &by, false).unwrap();
        let object = apply(Some(&made), &stream(second.clone()), &STREAM, &by, false).unwrap();
        prop_assert_eq!(without_owners(&object)["spec"].clone(), second);
    }

    #[test]
    fn without_force_nobody_loses_anything(live in spec(), wanted in spec()) {
        let live = updated(None, &stream(live), &updater("one"));
        if let Ok(object) = apply(Some(&live), &stream(wanted), &STREAM, &manager("two", Operation::Apply, 5), false) {
            let theirs = |object: &Value| owners(object).into_iter().find(|(name, _)| name == "one");
            prop_assert_eq!(theirs(&object), theirs(&live));
        }
    }
}
