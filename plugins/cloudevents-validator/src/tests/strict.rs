//! What an event may not have although a reader might let it pass.

use corvid_plugin_sdk::testing::RecordBuilder;

use super::{EVENT, binary, judged, structured};
use crate::code::{NOT_JSON, WRONG};
use crate::content_type::is_media_type;
use crate::uri::{is_absolute, is_reference};

/// The bug: one reader takes the first, another the last.
#[test]
fn what_is_there_twice() {
    let twice = |name: &str| Some((WRONG, format!("`{name}` is there twice, and readers would differ")));
    assert_eq!(judged(binary(&[]).header("ce_id", "other"), "{}"), twice("id"));
    assert_eq!(
        judged(binary(&[]).header("ce_ext", "a").header("ce_ext", "a"), "{}"),
        twice("ext")
    );
    let smuggled = binary(&[]).header("content-type", "application/cloudevents+json");
    assert_eq!(judged(smuggled, "{}"), twice("content-type"));
    for (name, member) in [
        ("id", r#""\u0069d": "other""#),
        ("data", r#""data": 1"#),
        ("ext", r#""ext": 1, "ext": 2"#),
    ] {
        let event = EVENT.replacen('{', &format!("{{{member}, "), 1);
        assert_eq!(judged(structured(&event), "{}"), twice(name), "{event}");
    }
}

/// The bug: a batch, or an event in Avro, is said to be broken JSON.
#[test]
fn formats_that_are_not_json() {
    let of = |content_type: &str, value: &str| {
        judged(
            RecordBuilder::new().header("content-type", content_type).value(value),
            "{}",
        )
    };
    let (code, why) = of(
        "application/cloudevents-batch+json; charset=utf-8",
        &format!("[{EVENT}]"),
    )
    .unwrap();
    assert_eq!(code, NOT_JSON);
    assert_eq!(
        why,
        "application/cloudevents-batch+json is a batch of events, which Kafka's binding does not have"
    );
    for other in [
        "application/cloudevents+avro",
        "application/cloudevents",
        "Application/CloudEvents+xml",
    ] {
        let (code, why) = of(other, EVENT).unwrap();
        assert_eq!(code, NOT_JSON);
        assert!(
            why.contains(other) && why.contains("application/cloudevents+json"),
            "{why}"
        );
    }
    assert_eq!(of("application/cloudevents+JSON ;charset=\"utf-8\"", EVENT), None);
}

/// The bug: an attribute with a line break in it, which ends up in somebody's log or header.
#[test]
fn characters_that_no_attribute_may_have() {
    for (char, code, json) in [
        ('\n', "000A", "\\n"),
        ('\u{0}', "0000", "\\u0000"),
        ('\u{9f}', "009F", "\u{9f}"),
        ('\u{fdd0}', "FDD0", "\\ufdd0"),
        ('\u{1fffe}', "1FFFE", "\\ud83f\\udffe"),
    ] {
        for name in ["id", "subject", "ext"] {
            let expected = Some((
                WRONG,
                format!("`{name}` has the character U+{code}, which no attribute may have"),
            ));
            let header = format!("ce_{name}");
            assert_eq!(judged(binary(&[(&header, &format!("a{char}"))]), "{}"), expected);
        }
        let event = EVENT.replace("\"value\"", &format!("\"a{json}\""));
        assert!(judged(structured(&event), "{}").unwrap().1.contains(code));
    }
    let with = |text: &str| judged(structured(&EVENT.replace("\"value\"", &format!("\"{text}\""))), "{}");
    assert_eq!(with("ä 😀 \\ud83d\\ude00 \u{fffd} \\uFFFD"), None);
    assert_eq!(
        with("a\\ud83d"),
        Some((WRONG, "`comexampleextension1` has half of a surrogate pair".to_owned()))
    );
}

#[test]
fn names_and_numbers() {
    let data = judged(binary(&[("ce_data", "x")]), "{}");
    assert_eq!(
        data,
        Some((WRONG, "`data` is no attribute's name: it is the value".to_owned()))
    );
    for name in ["ce_Ext", "ce_é", "ce_", "ce_a-b"] {
        assert_eq!(judged(binary(&[(name, "x")]), "{}").unwrap().0, WRONG, "{name}");
    }
    for (number, fits) in [
        ("-2147483648", true),
        ("2147483647", true),
        ("0", true),
        ("2147483648", false),
        ("1.0", false),
        ("1e0", false),
    ] {
        let event = EVENT.replace(": 5", &format!(": {number}"));
        assert_eq!(judged(structured(&event), "{}").is_none(), fits, "{number}");
    }
}

/// The bug: `content-type` is the attribute `datacontenttype`, and nobody looked at it.
#[test]
fn the_type_of_the_data() {
    for content_type in ["", "json", "application/", "a/b;", "a/b; charset", "a b/c"] {
        let expected = Some((
            WRONG,
            format!("`datacontenttype` is \"{content_type}\": it must be a media type"),
        ));
        assert_eq!(judged(binary(&[("content-type", content_type)]), "{}"), expected);
        let event = EVENT.replace("application/xml", content_type);
        assert_eq!(judged(structured(&event), "{}"), expected);
    }
    assert_eq!(judged(binary(&[("content-type", "GONE")]), "{}"), None);
    assert_eq!(
        judged(binary(&[("content-type", "GONE")]).null_header("content-type"), "{}"),
        None
    );
    let not_text = binary(&[("content-type", "GONE")]).header("content-type", [0xff]);
    assert_eq!(
        judged(not_text, "{}"),
        Some((WRONG, "`content-type` is not UTF-8".to_owned()))
    );
    for good in [
        "application/json",
        "application/vnd.a.b+json;version=1 ; q=\"a;\\\"b\" ",
        "x-!#$%/y.z",
        "multipart/mixed;boundary=gc0p4Jq0M2Yt08j34c0p",
    ] {
        assert!(is_media_type(good), "{good}");
    }
    for bad in ["a", "/b", "a/b/c", "a/b;c=", "a/b;c=\"d", "a/b c", "é/b", "a/b;=c"] {
        assert!(!is_media_type(bad), "{bad}");
    }
}

#[test]
fn uris() {
    for good in [
        "a",
        "/a/b",
        "//host",
        "../a?b#c",
        "#x",
        "?x=/?",
        "a/b:c",
        "urn:uuid:1-2",
        "https://u:p@h.test:80/a%20b?c#d",
        "http://[::1]:80/",
        "mailto:a@b.test",
        "file:///a",
        "%c3%a5",
        "1-555-123-4567",
        "http://a:/",
        ".",
    ] {
        assert!(is_reference(good), "{good}");
    }
    for bad in [
        "",
        "a b",
        "1a:b",
        ":a",
        "a#b#c",
        "%",
        "%4",
        "%zz",
        "a[b]",
        "http://[::1",
        "http://a:b/",
        "http://[]/",
        "å",
        "a\\b",
        "<a>",
        "http://a?[b]",
        "a^",
    ] {
        assert!(!is_reference(bad), "{bad}");
    }
    assert!(is_absolute("urn:x:y") && is_absolute("https://a.test/b#c"));
    assert!(!is_absolute("/a:b") && !is_absolute("a/b:c") && !is_absolute("a"));
}
