//! A page that goes on by itself, where a redirect would not do.
//!
//! A page of ours says by its policy that its forms go to us alone, and browsers hold the redirects after a form against that
//! (CSP Level 3 §6.4.2). So a form that leads to a site of others is answered by a page that goes there at once.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use askama::Template;

/// Has a browser go on by itself (HTML, pragma directives); all know it as a header too, and none has a name for it in a
/// specification of HTTP.
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// The content of a page that goes on by itself, with a link for whoever is not led on.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "leading.html")]
pub struct Leading<'a> {
    /// Where it leads.
    pub to: &'a str,
    /// The `h1`.
    pub heading: &'a str,
    /// What to do if nothing happens; empty where the link says it.
    pub advice: &'a str,
    /// What the link says.
    pub link: &'a str,
}

impl Leading<'_> {
    /// Has the answer with this page lead on.
    ///
    /// # Errors
    /// Where no header can have the address.
    pub fn lead(&self, headers: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        let refresh = HeaderValue::try_from(format!("0; url={}", self.to))?;
        headers.insert(REFRESH, refresh);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, Leading, REFRESH, Template as _};

    fn leading(to: &str) -> Leading<'_> {
        Leading {
            to,
            heading: "On",
            advice: "",
            link: "Go",
        }
    }

    #[test]
    fn a_page_leads_where_its_link_does_and_escapes_the_address() {
        let page = leading("https://login.example/authorize?a=1&b=%22");
        let mut headers = HeaderMap::new();
        page.lead(&mut headers).unwrap();
        assert_eq!(headers.get(REFRESH).unwrap(), &format!("0; url={}", page.to));
        let html = leading("/a?\"><script>").render().unwrap();
        assert!(!html.contains("<script>") && !html.contains("<p></p>"), "{html}");
    }

    #[test]
    fn an_address_that_no_header_can_have_leads_nowhere() {
        let mut headers = HeaderMap::new();
        assert!(leading("/a\r\nset-cookie: b=c").lead(&mut headers).is_err());
        assert!(headers.is_empty());
    }
}
