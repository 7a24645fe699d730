use std::fmt::Write as _;

/// A table of plain texts, in Markdown or in a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Columns at the left that hold words; the others hold numbers.
    pub(crate) num_word_columns: usize,
}

/// A text, and how it stands out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Strong,
    Code,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        let (text, style) = (text.into(), Style::Plain);
        Self { text, style }
    }

    pub(crate) fn strong(text: impl Into<String>) -> Self {
        let (text, style) = (text.into(), Style::Strong);
        Self { text, style }
    }

    pub(crate) fn code(text: impl Into<String>) -> Self {
        let (text, style) = (text.into(), Style::Code);
        Self { text, style }
    }

    fn to_markdown(&self) -> String {
        match self.style {
            Style::Plain => escaped(&self.text),
            Style::Strong => format!("**{}**", escaped(&self.text)),
            // A spelling of ours: no character that would end the code.
            Style::Code => format!("`{}`", self.text),
        }
    }
}

impl Table {
    pub(crate) fn to_markdown(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|text| escaped(text)).collect();
        let rule = (0..self.head.len()).map(|column| match column < self.num_word_columns {
            true => "---",
            false => "--:",
        });
        let rule: Vec<&str> = rule.collect();
        let mut text = format!("| {} |\n|{}|\n", head.join(" | "), rule.join("|"));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(Cell::to_markdown).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

/// The text for Markdown, in one line, without what Markdown would take for its own.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}
