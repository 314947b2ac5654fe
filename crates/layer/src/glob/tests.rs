//! The expected results are those of `filepath.Match` in Go 1.26.

use super::{BadPattern, matches};

fn check(table: &[(&str, &str, Result<bool, BadPattern>)]) {
    for (pattern, name, expected) in table {
        assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), *expected, "'{pattern}' on '{name}'");
    }
}

#[test]
fn stars_stay_within_one_segment() {
    check(&[
        ("*", "a", Ok(true)),
        ("*", "", Ok(true)),
        ("*", "a/b", Ok(false)),
        ("*.txt", "a.txt", Ok(true)),
        ("*.txt", ".txt", Ok(true)),
        ("*.txt", "a.txt.bak", Ok(false)),
        ("*.txt", "d/a.txt", Ok(false)),
        ("d/*", "d/a", Ok(true)),
        ("d/*", "d", Ok(false)),
        ("*/b", "a/b", Ok(true)),
        ("a*b*c", "a-b-c-b-c", Ok(true)),
        ("a*b*c", "a-b-c-b", Ok(false)),
        ("a*/b", "axxx/b", Ok(true)),
        ("a*/b", "ax/x/b", Ok(false)),
        ("*x*x*x*", "xxx", Ok(true)),
        ("*x*x*x*", "xx", Ok(false)),
    ]);
}

#[test]
fn two_stars_are_one() {
    check(&[
        ("**", "a", Ok(true)),
        ("**", "a/b", Ok(false)),
        ("**/b", "a/b", Ok(true)),
        ("**/b", "b", Ok(false)),
        ("**/b", "a/a/b", Ok(false)),
        ("a/**/c", "a/b/c", Ok(true)),
        ("a/**/c", "a/c", Ok(false)),
        ("a***b", "a-b", Ok(true)),
    ]);
}

#[test]
fn question_marks_take_one_character() {
    check(&[
        ("?", "a", Ok(true)),
        ("?", "\u{65e5}", Ok(true)),
        ("?", "", Ok(false)),
        ("?", "/", Ok(false)),
        ("a?c", "abc", Ok(true)),
        ("a?c", "abbc", Ok(false)),
    ]);
}

#[test]
fn classes() {
    check(&[
        ("[abc]", "b", Ok(true)),
        ("[a-c]x", "cx", Ok(true)),
        ("[a-c]", "d", Ok(false)),
        ("[^a-c]", "d", Ok(true)),
        ("[!a]", "b", Ok(false)),
        ("[!a]", "!", Ok(true)),
        ("[^a]b", "/b", Ok(true)),
        ("[/]b", "/b", Ok(true)),
        ("[\\]]", "]", Ok(true)),
        ("[\\-x]", "-", Ok(true)),
        ("[x\\-z]", "y", Ok(false)),
        ("[c-a]", "b", Ok(false)),
        ("[\u{e9}-\u{65e5}]", "\u{6000}", Ok(true)),
        ("[*]", "*", Ok(true)),
        ("[*]", "a", Ok(false)),
        ("[a]*[b]", "a-b", Ok(true)),
    ]);
}

#[test]
fn everything_else_is_literal() {
    check(&[
        ("", "", Ok(true)),
        ("", "a", Ok(false)),
        ("a", "a", Ok(true)),
        ("a", "A", Ok(false)),
        ("{a,b}", "a", Ok(false)),
        ("{a,b}", "{a,b}", Ok(true)),
        ("\\*", "*", Ok(true)),
        ("\\*", "a", Ok(false)),
        ("\\a", "a", Ok(true)),
        ("\\[a]", "[a]", Ok(true)),
        (".*", ".git", Ok(true)),
        ("*", ".git", Ok(true)),
        ("a]", "a]", Ok(true)),
        ("^", "^", Ok(true)),
    ]);
}

#[test]
fn bad_patterns() {
    for pattern in
        ["[", "[]", "[^]", "[]a]", "[-]", "[a-]", "[a", "[^a", "[a-b", "\\", "[\\", "[\\]", "[-x]", "a["]
    {
        check(&[(pattern, "a", Err(BadPattern))]);
    }
    assert_eq!(matches(b"[\xff]", b"a"), Err(BadPattern));
}

#[test]
fn a_fault_is_found_only_where_matching_gets_to() {
    check(&[("x*[", "a", Ok(false)), ("x*[", "xa", Err(BadPattern))]);
}

#[test]
fn names_need_not_be_utf_8() {
    for (pattern, name, expected) in [
        (&b"a?b"[..], &b"a\xffb"[..], true),
        (b"a\xffb", b"a\xffb", true),
        (b"*b", b"\xe6\x97b", true),
        (b"?b", b"\xe6\x97b", false),
        (b"??b", b"\xe6\x97b", true),
        ("[\u{fffd}]".as_bytes(), b"\xff", true),
    ] {
        assert_eq!(matches(pattern, name), Ok(expected), "{pattern:?} on {name:?}");
    }
}
