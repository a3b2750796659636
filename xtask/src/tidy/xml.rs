//! Reads the XML of the SDF project: elements, attributes, text, comments and the declaration.
//! What the project does not use (CDATA, document types, namespaces) is refused.

/// An element with its own text, trimmed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> + 'a {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that name; empty when it is missing.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| &child.text)
    }

    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// This element's text and all its descendants', in document order.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts = vec![self.text.as_str()];
        texts.extend(self.children.iter().flat_map(Element::texts));
        texts
    }
}

/// Reads a whole document.
///
/// # Errors
/// The line and what is wrong there.
pub fn parse(text: &str) -> Result<Element, (usize, String)> {
    let mut reader = Reader { text, at: 0 };
    let parsed = reader.document();
    parsed.map_err(|message| (text[..reader.at].matches('\n').count() + 1, message))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn document(&mut self) -> Result<Element, String> {
        if self.rest().starts_with("<?xml") {
            self.until("?>")?;
        }
        self.space_and_comments()?;
        let root = self.element()?;
        self.space_and_comments()?;
        if self.rest().is_empty() { Ok(root) } else { Err("text after the root element".into()) }
    }

    /// Takes everything up to the mark and the mark itself.
    fn until(&mut self, mark: &str) -> Result<&'a str, String> {
        let rest = self.rest();
        let end = rest.find(mark).ok_or_else(|| format!("{mark} is missing"))?;
        self.at += end + mark.len();
        Ok(&rest[..end])
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn space_and_comments(&mut self) -> Result<(), String> {
        self.space();
        while self.rest().starts_with("<!--") {
            self.until("-->")?;
            self.space();
        }
        Ok(())
    }

    fn name(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if len == 0 {
            return Err("a name is missing".into());
        }
        self.at += len;
        Ok(rest[..len].to_owned())
    }

    fn expect(&mut self, mark: &str) -> Result<(), String> {
        if !self.rest().starts_with(mark) {
            return Err(format!("{mark} is missing"));
        }
        self.at += mark.len();
        Ok(())
    }

    fn element(&mut self) -> Result<Element, String> {
        self.expect("<")?;
        let mut element = Element { name: self.name()?, ..Element::default() };
        loop {
            self.space();
            if self.rest().starts_with("/>") {
                self.at += 2;
                return Ok(element);
            }
            if self.rest().starts_with('>') {
                self.at += 1;
                break;
            }
            let attribute = self.attribute()?;
            if !element.attribute(&attribute.0).is_empty() {
                return Err(format!("the attribute {} stands twice", attribute.0));
            }
            element.attributes.push(attribute);
        }
        self.content(&mut element)?;
        element.text = element.text.trim().to_owned();
        Ok(element)
    }

    fn attribute(&mut self) -> Result<(String, String), String> {
        let name = self.name()?;
        self.expect("=\"")?;
        let value = unescape(self.until("\"")?)?;
        Ok((name, value))
    }

    fn content(&mut self, element: &mut Element) -> Result<(), String> {
        loop {
            let rest = self.rest();
            let len = rest.find('<').ok_or_else(|| format!("</{}> is missing", element.name))?;
            element.text += &unescape(&rest[..len])?;
            self.at += len;
            if self.rest().starts_with("<!--") {
                self.until("-->")?;
            } else if self.rest().starts_with("</") {
                let close = format!("</{}>", element.name);
                return self.expect(&close);
            } else {
                element.children.push(self.element()?);
            }
        }
    }
}

fn unescape(text: &str) -> Result<String, String> {
    if text.contains('<') {
        return Err("< must be written &lt;".into());
    }
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').ok_or("& must be written &amp;")?;
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            other => return Err(format!("&{other}; is not known")),
        });
        out.push_str(rest);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_document_is_read() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c -->\n<a b=\"1 &amp; 2\">\n  <c>x &lt; y</c><d/>\n  <!-- e -->\n  <c>z</c>\n</a>\n";
        let root = parse(text).unwrap();
        assert_eq!((root.name.as_str(), root.attribute("b")), ("a", "1 & 2"));
        assert_eq!(root.text_of("c"), "x < y");
        assert_eq!(root.children_named("c").count(), 2);
        assert_eq!(root.child("d").map(|d| d.text.as_str()), Some(""));
        assert_eq!(root.texts(), ["", "x < y", "", "z"]);
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_line() {
        for (text, line) in [
            ("<a>\n<b></a>", 2),
            ("<a>\n<b>\n</b>", 3),
            ("<a b=1/>", 1),
            ("<a b=\"1\" b=\"2\"/>", 1),
            ("<a>x & y</a>", 1),
            ("<a>&nbsp;</a>", 1),
            ("<a/>\n<b/>", 2),
            ("", 1),
            ("<a", 1),
            ("<a><![CDATA[x]]></a>", 1),
        ] {
            assert_eq!(parse(text).unwrap_err().0, line, "{text}");
        }
    }
}
