//! What of a module a browser needs: not its comments, which are a third of what would be sent.

/// The module without the comments that have lines of their own. Lines keep their numbers, and what is inside a template that
/// spans lines stays as it is. It reads lines, not the language: a browser test parses every module of the app both ways.
pub(super) fn without_comments(module: &str) -> String {
    let mut kept = String::with_capacity(module.len());
    let mut in_comment = false;
    let mut in_template = false;
    for line in module.split_inclusive('\n') {
        let text = line.trim();
        let comment = if in_comment { Some(text) } else { text.strip_prefix("/*").filter(|_| !in_template) };
        if let Some(comment) = comment {
            let begins = !in_comment;
            match comment.split_once("*/") {
                None => {
                    in_comment = true;
                    kept.push('\n');
                }
                Some((_, "")) => {
                    in_comment = false;
                    kept.push('\n');
                }
                // Code behind a comment is none of ours.
                Some(_) if begins => kept.push_str(line),
                Some((_, code)) => {
                    in_comment = false;
                    kept.push_str(code);
                    kept.push('\n');
                }
            }
        } else if !in_template && text.starts_with("//") {
            kept.push('\n');
        } else {
            in_template ^= text.replace("\\`", "").matches('`').count() % 2 == 1;
            kept.push_str(line);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn comments_with_lines_of_their_own_go_and_lines_keep_their_numbers() {
        let module = "/** A. */\nexport class A {\n  /**\n   * B.\n   */\n  b() {} // stays\n  // C\n  c = 1;\n}\n";
        assert_eq!(without_comments(module), "\nexport class A {\n\n\n\n  b() {} // stays\n\n  c = 1;\n}\n");
    }

    #[test]
    fn code_behind_the_end_of_a_comment_stays() {
        assert_eq!(without_comments("/*\n a\n */ b();\nc();\n"), "\n\n b();\nc();\n");
    }

    #[test]
    fn nothing_else_is_touched() {
        for module in [
            "const address = 'https://example.org/*';\nconst a = 1 /* b */ + 2;\n",
            "/* a */ run(); /* b */\n",
            "/** @type {A} */ (x).y();\nz();\n/*/ c */ w();\n",
            "const text = `\n// not a comment\n/* nor this */\n`;\n",
            "",
            "no_newline()",
        ] {
            assert_eq!(without_comments(module), module);
        }
    }
}
