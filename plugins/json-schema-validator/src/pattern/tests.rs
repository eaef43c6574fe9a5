use super::Pattern;

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::compile(pattern).unwrap().is_match(text)
}

/// The bug: an expression that two readers of one schema understand in two ways.
#[test]
fn what_ecma_262_says() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            r"^\s+$",
            &[" \t\n\u{b}\u{c}\r\u{a0}\u{feff}\u{2028}\u{2029}\u{3000}\u{2005}"],
            &["\u{200b}", "\u{85}", "x"],
        ),
        (
            r"^\S$",
            &["x", "\u{200b}", "\u{85}", "😀"],
            &["\u{a0}", "\u{2029}", " "],
        ),
        (r"^[\s\d]$", &["\u{a0}", "7"], &["x", "\u{667}"]),
        (r"^[^\S]$", &["\u{a0}", " "], &["x"]),
        (r"^[\S]$", &["x", "\u{10ffff}"], &["\u{a0}", " "]),
        (
            "^.$",
            &["a", "\u{85}", "😀"],
            &["\n", "\r", "\u{2028}", "\u{2029}", "ab"],
        ),
        (r"^\w\W$", &["a-", "_é"], &["éa"]),
        (r"^\d$", &["3"], &["\u{663}"]),
        (r"\bof\b", &["out of it"], &["often"]),
        (r"^\cJ\x41\u0042\u{43}\ud83d\ude00\0$", &["\nABC😀\0"], &["JABC😀"]),
        (
            r"^\t\n\v\f\r\/\-\.\$\^\|\(\)\[\]\{\}\*\+\?\\$",
            &["\t\n\u{b}\u{c}\r/-.$^|()[]{}*+?\\"],
            &[],
        ),
        (r#"^\<\"a\"\>$"#, &[r#"<"a">"#], &["\"a\""]),
        (r"^[\b\-\]^a&&~~x-]+$", &["\u{8}-]^a&~x"], &["b"]),
        ("^[[:alpha:]]$", &["a]", ":]", "[]"], &["b", "z"]),
        (r"^[^]$", &["\n"], &[""]),
        ("^[a-c-]$", &["b", "-"], &["d"]),
        ("^(?:a|b){2,3}?(?<rest>c{1,}d{2})$", &["abcdd", "aaaccdd"], &["acdd"]),
        ("^a b#c$", &["a b#c"], &["ab"]),
        ("^}]$", &["}]"], &[]),
        ("é+", &["caféé"], &["cafe"]),
        ("a$|^b", &["xa", "bx"], &["ax", "a\n"]),
        ("", &["", "x"], &[]),
    ];
    for (pattern, yes, no) in cases {
        for text in *yes {
            assert!(matches(pattern, text), "{pattern} is not in {text:?}");
        }
        for text in *no {
            assert!(!matches(pattern, text), "{pattern} is in {text:?}");
        }
    }
}

#[test]
fn what_is_refused() {
    let cases = [
        ("a(?=b)", "look-around"),
        ("a(?!b)", "look-around"),
        ("(?<=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "back-reference"),
        (r"(?<n>a)\k<n>", "back-reference"),
        (r"\p{L}", "`\\p{…}`"),
        ("(?i)a", "`(?`"),
        ("(?P<n>a)", "`(?`"),
        (r"\Aa\z", "`\\A`"),
        (r"a\z", "`\\z`"),
        (r"\a", "`\\a`"),
        ("[]a]", "`[]`"),
        ("[a", "without its `]`"),
        (r"[\d-z]", "range"),
        ("[z-a]", "range"),
        ("a{,3}", "count"),
        ("{name}", "count"),
        ("a{3,2}", "no regular expression"),
        ("a++", "behind nothing"),
        ("a{2}{3}", "behind nothing"),
        ("*a", "behind nothing"),
        ("(|?)", "behind nothing"),
        ("(a", "no regular expression"),
        ("a)", "no regular expression"),
        (r"a\", "backslash"),
        (r"\xg1", "hexadecimal"),
        (r"\u12", "hexadecimal"),
        (r"\ud800", "surrogate"),
        (r"\u{110000}", "no character"),
        (r"\c1", "needs a letter"),
        ("(?", "`(?`"),
        ("((a{1000}){1000}){1000}", "no regular expression"),
    ];
    for (pattern, why) in cases {
        let error = Pattern::compile(pattern).expect_err(pattern);
        assert!(error.contains(why) && error.contains(pattern), "{error}");
    }
}
