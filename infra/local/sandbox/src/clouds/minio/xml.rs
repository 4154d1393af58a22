//! S3's documents, as far as they are used.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use roxmltree::{Document, Node};

use super::{Refused, bad};
use crate::clouds::ask::typed;

pub(crate) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

pub(crate) fn answer(root: &str, inner: &str) -> Response<Bytes> {
    let body = format!("{HEAD}<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</{root}>");
    typed(StatusCode::OK, "application/xml", Bytes::from(body))
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(crate) fn malformed() -> Refused {
    bad(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema.",
    )
}

/// Reads a document by its root.
pub(crate) fn read<T>(
    body: &[u8],
    read: impl FnOnce(Node<'_, '_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    let document = Document::parse(text).map_err(|_| malformed())?;
    read(document.root_element())
}

pub(crate) fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.tag_name().name() == name)
}

pub(crate) fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    Some(child(node, name)?.text().unwrap_or_default().trim().to_owned())
}

pub(crate) fn number(node: Node<'_, '_>, name: &str) -> Result<Option<i64>, Refused> {
    text(node, name).map(|text| text.parse().map_err(|_| malformed())).transpose()
}

pub(crate) fn tags(body: &[u8]) -> Result<BTreeMap<String, String>, Refused> {
    read(body, |root| {
        let set = child(root, "TagSet").ok_or_else(malformed)?;
        let tag = |node| Some((text(node, "Key")?, text(node, "Value")?));
        set.children().filter(Node::is_element).map(|node| tag(node).ok_or_else(malformed)).collect()
    })
}

pub(crate) fn tagging(tags: &BTreeMap<String, String>) -> Response<Bytes> {
    let told: String = tags.iter().map(|(key, value)| tag(key, value)).collect();
    answer("Tagging", &format!("<TagSet>{told}</TagSet>"))
}

pub(crate) fn tag(key: &str, value: &str) -> String {
    format!("<Tag><Key>{}</Key><Value>{}</Value></Tag>", escape(key), escape(value))
}

/// What is to go, all at once.
pub(crate) struct Deletion {
    /// Only failures are to be told.
    pub(crate) quiet: bool,
    pub(crate) objects: Vec<Doomed>,
}

pub(crate) struct Doomed {
    pub(crate) key: String,
    pub(crate) version: Option<String>,
}

pub(crate) fn deletion(body: &[u8]) -> Result<Deletion, Refused> {
    read(body, |root| {
        let quiet = text(root, "Quiet").as_deref() == Some("true");
        let objects = root.children().filter(|node| node.tag_name().name() == "Object");
        let object = |node: Node<'_, '_>| {
            // Not trimmed: a key may end with a space.
            let key = child(node, "Key")?.text()?.to_owned();
            Some(Doomed { key, version: text(node, "VersionId").filter(|version| !version.is_empty()) })
        };
        let objects = objects.map(|node| object(node).ok_or_else(malformed)).collect::<Result<_, _>>()?;
        Ok(Deletion { quiet, objects })
    })
}
