use super::*;
use crate::config::Configs;
use serde_json::json;

#[test]
fn a_chain_is_read_as_people_write_it() {
    let plain = Binding::parse_list(" order-schema, mask-card ").unwrap();
    assert_eq!(plain, Binding::parse_list(r#"["order-schema", "mask-card"]"#).unwrap());
    let rich = Binding::parse_list(
        r#"["order-schema", { "plugin": "mask-card", "config": { "field": "card" }, "on_fault": "dead-letter",
            "limits": { "deadline": "20ms", "memory": "16MiB" } }]"#,
    )
    .unwrap();
    assert_eq!(rich[1].config, Some(json!({ "field": "card" })));
    assert_eq!(rich[1].on_fault, Some(OnFault::DeadLetter));
    assert_eq!(
        rich[1].limits,
        PluginLimits {
            deadline_ms: Some(20),
            memory_bytes: Some(16 << 20)
        }
    );
    assert_eq!(Binding::parse_list(&Binding::list_to_config(&rich)), Ok(rich));
    assert_eq!(Binding::parse_list(""), Ok(vec![]));
}

#[test]
fn a_chain_that_makes_no_sense_is_refused() {
    for text in [
        r#"["a", "a"]"#,
        r#"[""]"#,
        "[1]",
        r#"[{"config":{}}]"#,
        r#"[{"plugin":"a","on_fault":"explode"}]"#,
        "[",
        "a,a",
    ] {
        assert!(Binding::parse_list(text).is_err(), "{text}");
    }
    assert!(matches!(
        Binding::parse_list(&vec!["p"; 17].join(",")),
        Err(BindingError::TooMany { .. })
    ));
    // The same plugin twice, configured otherwise, is legal.
    assert!(Binding::parse_list(r#"["a", {"plugin":"a","config":1}]"#).is_ok());
}

#[test]
fn a_topic_gives_its_bindings_their_defaults() {
    let configs = Configs::from([
        ("corvid.partitioner".into(), "by-region".into()),
        (
            "corvid.produce".into(),
            r#"["schema", {"plugin":"mask","on_refused":"drop"}]"#.into(),
        ),
        ("corvid.on.refused".into(), "dead-letter".into()),
        ("retention.ms".into(), "1".into()),
    ]);
    let bindings = TopicBindings::from_configs("orders", &configs).unwrap();
    let names: Vec<_> = bindings.all().map(|binding| binding.plugin.as_str()).collect();
    assert_eq!(names, ["schema", "mask", "by-region"]);
    assert_eq!(bindings.on_refused_of(&bindings.produce[0]), OnRefused::DeadLetter);
    assert_eq!(bindings.on_refused_of(&bindings.produce[1]), OnRefused::Drop);
    assert_eq!(bindings.on_fault_of(&bindings.produce[0]), OnFault::Refuse);
    assert_eq!(bindings.dead_letter.topic, "orders.DLT");
    assert!(bindings.dead_letters() && !bindings.is_empty());
    assert!(!TopicBindings::none("orders").dead_letters());
}

#[test]
fn an_empty_partitioner_is_none() {
    let configs = Configs::from([("corvid.partitioner".into(), String::new())]);
    assert!(TopicBindings::from_configs("orders", &configs).unwrap().is_empty());
}

#[test]
fn views_are_read_with_their_readers() {
    let text = r#"["whole", { "plugin": "mask", "clients": ["reporting-*", "!reporting-admin"], "on_fault": "pass" }]"#;
    let views = Binding::parse_views(text).unwrap();
    assert_eq!(views[1].readers.clients, ["reporting-*", "!reporting-admin"]);
    assert_eq!(Binding::parse_views(&Binding::list_to_config(&views)), Ok(views));
    let twice = r#"[{ "plugin": "mask", "clients": ["a"] }, { "plugin": "mask", "clients": ["b"] }]"#;
    assert!(Binding::parse_views(twice).is_ok());
    for (text, reason) in [
        (r#"[{"plugin":"mask","on_fault":"dead-letter"}]"#, "nothing is written"),
        (r#"[{"plugin":"mask","on_refused":"drop"}]"#, "refuses nothing"),
        (r#"[{"plugin":"mask","groups":["g"]}]"#, "not known"),
        (r#"[{"plugin":"mask","principals":["User:bob"]}]"#, "for nobody"),
        (r#"["mask", "mask"]"#, "bound twice"),
    ] {
        let error = Binding::parse_views(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let error = Binding::parse_list(r#"[{"plugin":"mask","clients":["a"]}]"#).unwrap_err();
    assert_eq!(error, BindingError::NoView("mask".to_owned()));
    assert!(Binding::parse(r#"{"plugin":"p","clients":["a"]}"#).is_err());
}

/// The bug it is for: `on_fault = "pass"` of a topic, meant for its validators, shows unmasked records.
#[test]
fn what_a_topic_says_of_faults_is_not_said_of_views() {
    let configs = Configs::from([
        ("corvid.fetch".into(), "mask".into()),
        ("corvid.on.fault".into(), "pass".into()),
    ]);
    let bindings = TopicBindings::from_configs("orders", &configs).unwrap();
    assert_eq!(TopicBindings::on_fault_of_view(&bindings.fetch[0]), OnFault::Refuse);
    assert!(bindings.is_empty() && !bindings.dead_letters());
    let names: Vec<_> = bindings.everywhere().map(|binding| binding.plugin.as_str()).collect();
    assert_eq!(names, ["mask"]);
}

/// The bug: a plugin is granted a table where it has to answer the same for ever, or one that nobody can name.
#[test]
fn tables_are_for_those_who_may_change_their_minds() {
    let granted = r#"{"plugin":"a","tables":{"limits":"user-limits"}}"#;
    let binding = Binding::parse(granted).unwrap();
    assert_eq!(binding.tables["limits"], "user-limits");
    assert_eq!(binding.to_config(), granted);
    assert_eq!(Binding::parse_list(&format!("[{granted},\"a\"]")).unwrap().len(), 2);
    let refused = Binding::parse_partitioner(granted).unwrap_err().to_string();
    assert!(refused.contains("a partitioner has no tables"), "{refused}");
    assert!(Binding::parse_views(granted).is_err());
    for tables in [r#"{"":"t"}"#, r#"{"a b":"t"}"#, r#"{"a":"."}"#, r#"{"a":1}"#, "[]"] {
        let text = format!(r#"{{"plugin":"a","tables":{tables}}}"#);
        assert!(Binding::parse(&text).is_err(), "{tables}");
    }
    let many: Vec<String> = (0..9).map(|table| format!("\"{table}\":\"t\"")).collect();
    let many = format!(r#"{{"plugin":"a","tables":{{{}}}}}"#, many.join(","));
    assert!(matches!(
        Binding::parse(&many),
        Err(BindingError::TooManyTables { count: 9, .. })
    ));
}

/// The bug: letters go to a topic that nobody may make, to their own source, or twice to one.
#[test]
fn other_dead_letter_topics_are_topics_of_their_own() {
    let with = |others: &str| {
        let configs = Configs::from([("corvid.dead.letter.others".to_owned(), others.to_owned())]);
        TopicBindings::from_configs("orders", &configs).map(|bindings| bindings.dead_letter)
    };
    let letters = with("orders.fraud, orders.review").unwrap();
    let topics: Vec<_> = letters.topics().collect();
    assert_eq!(topics, ["orders.DLT", "orders.fraud", "orders.review"]);
    assert_eq!(with("").unwrap().others.len(), 0);
    for wrong in ["a,a", "a b", "a,b,c,d,e,f,g,h,i"] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
}
