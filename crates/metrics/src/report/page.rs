use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::WrittenFigure;
use super::document::{Block, Document};
use crate::table::{Cell, Style, Table};

const STYLE: &str = include_str!("page.css");

/// The document as one file that needs no other.
pub(super) fn to_html(document: &Document<'_>) -> String {
    let title = escaped(document.title);
    let body: String = document.blocks.iter().map(block).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n\
         </body>\n</html>\n"
    )
}

fn block(block: &Block<'_>) -> String {
    match block {
        Block::Heading(title) => format!("<h2>{title}</h2>\n"),
        Block::Text(text) => format!("<p>{}</p>\n", escaped(text)),
        Block::List(items) => {
            let items = items
                .iter()
                .map(|item| format!("<li>{}</li>\n", escaped(item)));
            format!("<ul>\n{}</ul>\n", items.collect::<String>())
        }
        Block::Table(table) => self::table(table),
        Block::Figure(figure) => self::figure(figure),
    }
}

fn figure(figure: &WrittenFigure) -> String {
    let WrittenFigure {
        title,
        caption,
        png,
        ..
    } = figure;
    let (title, caption, data) = (escaped(title), escaped(caption), STANDARD.encode(png));
    format!(
        "<figure>\n<h3>{title}</h3>\n<img alt=\"{title}\" src=\"data:image/png;base64,{data}\">\n\
         <figcaption>{caption}</figcaption>\n</figure>\n"
    )
}

fn table(table: &Table) -> String {
    let mut text = String::from("<div class=\"wide\"><table>\n<thead><tr>");
    for (column, head) in table.head.iter().enumerate() {
        let _ = write!(text, "<th{}>{}</th>", class(table, column), escaped(head));
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        text += "<tr>";
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(
                text,
                "<td{}>{}</td>",
                class(table, column),
                self::cell(cell)
            );
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table></div>\n"
}

fn class(table: &Table, column: usize) -> &'static str {
    if column < table.num_word_columns {
        ""
    } else {
        " class=\"number\""
    }
}

fn cell(cell: &Cell) -> String {
    let text = escaped(&cell.text);
    match cell.style {
        Style::Plain => text,
        Style::Strong => format!("<strong>{text}</strong>"),
        Style::Code => format!("<code>{text}</code>"),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            _ => escaped.push(character),
        }
    }
    escaped
}
