use super::{DEPTH_MAX, Json, Kind, Number, Path};
use std::cmp::Ordering;

fn parse(text: &str) -> Json<'_> {
    Json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn find<'a>(text: &'a str, path: &str) -> Option<Json<'a>> {
    parse(text).find(&Path::parse(path).unwrap())
}

#[test]
fn takes_what_is_json() {
    let texts = [
        "null",
        " true\n",
        "false",
        "0",
        "-0",
        "1.5e+3",
        "1E400",
        "\"\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,[2,{}]]",
        r#"{"a":1,"a":2}"#,
        r#""\ud800""#,
        r#""\u00e9\/""#,
        "\"\u{7f}\u{1F426}\"",
        "\t[\r\n1 , 2 ]",
    ];
    for text in texts {
        parse(text);
    }
}

#[test]
fn refuses_what_is_not() {
    let texts = [
        "",
        " ",
        "nul",
        "True",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "-",
        "NaN",
        "'a'",
        "\"a",
        "\"\n\"",
        r#""\x""#,
        r#""\u12""#,
        "[",
        "]",
        "[1",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{",
        "{]",
        "{a:1}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"{"a":1]"#,
        "1 2",
        "{}x",
        "\u{feff}{}",
        "[1,2",
        "tru",
        "\"\\",
    ];
    for text in texts {
        assert!(Json::parse(text.as_bytes()).is_err(), "{text} was taken");
    }
    assert_eq!(
        Json::parse(b"[\"\xff\"]").unwrap_err().to_string(),
        "not JSON: not UTF-8 at byte 2"
    );
    assert_eq!(Json::parse(b"{\"a\": 01}").unwrap_err().at(), 6);
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: u32| [vec![b'['; depth as usize], vec![b']'; depth as usize]].concat();
    assert!(Json::parse(&nested(DEPTH_MAX)).is_ok());
    assert!(Json::parse(&nested(DEPTH_MAX + 1)).is_err());
    // Nobody checked this one, and it is passed over all the same.
    let deep = [b"{\"a\":".to_vec(), nested(1_000_000), b",\"b\":1}".to_vec()].concat();
    assert_eq!(Json::lazy(&deep).get("b").unwrap().as_i64(), Some(1));
}

#[test]
fn finds_by_path() {
    let text = r#" { "a.b" : [ 10 , { "c/d" : "x" , "~" : true } ] , "\u0061" : { "b" : null } } "#;
    assert_eq!(find(text, "/a.b/1/c~1d").unwrap().as_str().unwrap(), "x");
    assert_eq!(find(text, "/a.b/1/~0").unwrap().as_bool(), Some(true));
    assert_eq!(find(text, "/a.b/0").unwrap().as_i64(), Some(10));
    assert!(find(text, "a.b").unwrap().is_null());
    for missing in ["a.b.c", "/a.b/2", "/a.b/x", "/a.b/-1", "b", "/"] {
        assert!(find(text, missing).is_none(), "{missing}");
    }
    for wrong in ["", ".", "a.", "/~2", "/~"] {
        assert!(Path::parse(wrong).is_err(), "{wrong}");
    }
}

/// A producer must not get past a check with a second member of the same name: consumers read the last.
#[test]
fn the_last_of_equal_members_counts() {
    let text = r#"{"amount": 5, "amount": 5000}"#;
    assert_eq!(parse(text).get("amount").unwrap().as_i64(), Some(5000));
    assert_eq!(find(r#"{"a": {"b": 1}, "a": {"c": 2}}"#, "a.b"), None);
}

#[test]
fn strings_are_read_with_their_escapes() {
    let read = |text: &str| parse(text).as_str().unwrap().to_string();
    assert_eq!(read(r#""plain é""#), "plain é");
    assert_eq!(read(r#""\"\\\/\b\f\n\r\t\u00e9""#), "\"\\/\u{8}\u{c}\n\r\té");
    assert_eq!(read(r#""\ud83d\udc26!""#), "\u{1F426}!");
    assert_eq!(read(r#""\ud83d\ud83d\udc26""#), "\u{fffd}\u{1F426}");
    assert_eq!(read(r#""\udc26\ud83dx""#), "\u{fffd}\u{fffd}x");
    let string = parse(r#""a\\b""#).as_str().unwrap();
    assert!(string == r"a\b" && string != r"a\\b");
    assert_eq!(string.plain(), None);
    assert_eq!(string.read(&mut String::from("old")), r"a\b");
}

#[test]
fn numbers_are_exact() {
    let number = |text: &'static str| parse(text).as_number().unwrap();
    let rising = [
        "-1e400",
        "-10",
        "-9.99",
        "-0.1",
        "0",
        "1e-400",
        "0.1",
        "0.10000000000000000000001",
        "1",
        "9007199254740992",
        "9007199254740993",
        "1e17",
        "123456789012345678901234567890",
        "1e400",
        "1e999999999999999999999",
    ];
    for (index, a) in rising.iter().enumerate() {
        for (other, b) in rising.iter().enumerate() {
            assert_eq!(number(a).cmp(&number(b)), index.cmp(&other), "{a} and {b}");
        }
    }
    for (a, b) in [
        ("1", "1.0"),
        ("100", "1e2"),
        ("0.5", "5e-1"),
        ("-0", "0.0e9"),
        ("1200", "0.12E+4"),
    ] {
        assert_eq!(number(a).cmp(&number(b)), Ordering::Equal, "{a} and {b}");
    }
    let whole = |text: &'static str| parse(text).as_i64();
    assert_eq!(whole("9223372036854775807"), Some(i64::MAX));
    assert_eq!(whole("-9223372036854775808"), Some(i64::MIN));
    assert_eq!(whole("9223372036854775808"), None);
    assert_eq!(whole("1.5e1"), Some(15));
    assert_eq!(whole("1.5"), None);
    assert_eq!(whole("1e19"), None);
    assert!(number("1e30").is_integer() && number("1.50e1").is_integer() && !number("1.5").is_integer());
    assert!((parse("0.1").as_f64().unwrap() - 0.1).abs() < f64::EPSILON);
}

#[test]
fn multiples_are_exact() {
    let multiple = |a: &str, b: &str| {
        parse(a)
            .as_number()
            .unwrap()
            .is_multiple_of(&parse(b).as_number().unwrap())
    };
    for (a, b) in [
        ("0.3", "0.1"),
        ("4.5", "1.5"),
        ("0", "7"),
        ("-21", "7"),
        ("12391239123", "1e-8"),
        ("1e308", "0.5"),
    ] {
        assert!(multiple(a, b), "{a} of {b}");
    }
    for (a, b) in [
        ("0.35", "0.1"),
        ("1", "0"),
        ("7", "2"),
        ("0.00751", "0.0001"),
        ("1e308", "0.123456789"),
    ] {
        assert!(!multiple(a, b), "{a} of {b}");
    }
}

#[test]
fn equality_is_by_value() {
    let same = [
        ("[1, 2.0]", "[1.0,2]"),
        (r#"{"a":1,"b":[{}]}"#, r#"{"b":[{}],"a":1e0}"#),
        (r#""\u0061""#, r#""a""#),
    ];
    for (a, b) in same {
        assert_eq!(parse(a), parse(b));
    }
    let different = [
        ("1", "\"1\""),
        ("[]", "{}"),
        ("[1]", "[1,1]"),
        (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
        ("0", "false"),
    ];
    for (a, b) in different {
        assert_ne!(parse(a), parse(b));
        assert_ne!(parse(b), parse(a));
    }
    assert_eq!(parse(r#"{"a":1,"a":2}"#), parse(r#"{"a":2}"#));
}

/// Comparing each of two equal names at each level would take 2¹⁰⁰ comparisons.
#[test]
fn equality_of_hostile_nesting_ends() {
    let depth = 100;
    let text = r#"{"a":1,"a":"#.repeat(depth) + "0" + &"}".repeat(depth);
    assert_eq!(parse(&text), parse(&text));
}

/// What nobody has checked may be anything: it is read without a panic, and nothing is read twice.
#[test]
fn unchecked_text_is_harmless() {
    let whole = r#"{"a":[1,-2.5e3,"x\u00e9\"y",{"b":null,"c":[true,[]]}],"d":"","e":{"f":"g"}}"#.as_bytes();
    let path = Path::parse("/a/3/c/1").unwrap();
    for cut in 0..whole.len() {
        visit(Json::lazy(&whole[..cut]), &path, 8);
        for byte in *b"\"\\{}[],:0-e \xff" {
            let mut text = whole.to_vec();
            text[cut] = byte;
            visit(Json::lazy(&text), &path, 8);
            let checked = Json::parse(&text).is_ok();
            assert!(!checked || str::from_utf8(&text).is_ok());
        }
    }
}

fn visit(value: Json<'_>, path: &Path, depth_left: u32) {
    let _ = (
        value.find(path),
        value.text(),
        value.as_bool(),
        value.as_f64(),
        value.as_i64(),
    );
    let _ = (
        value.as_str().map(|string| string.to_string()),
        value.as_number().map(|number| number.is_integer()),
    );
    if depth_left > 0 && matches!(value.kind(), Some(Kind::Array | Kind::Object)) {
        value.items().for_each(|item| visit(item, path, depth_left - 1));
        value
            .members()
            .for_each(|(_, member)| visit(member, path, depth_left - 1));
    }
}

#[test]
fn absurd_exponents_are_harmless() {
    let far = format!("1e{}", "9".repeat(1000));
    let far = parse(&far).as_number().unwrap();
    assert!(far.is_integer() && far.as_i64().is_none());
    let one: Number<'_> = parse("1").as_number().unwrap();
    assert!(far > one && far.is_multiple_of(&one) && !one.is_multiple_of(&far));
}
