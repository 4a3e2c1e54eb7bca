//! In whose name the pages of a link are, and where its holder goes when done: what only a look at the values can say.

use crate::body::Body;
use api::PortalLinkCreate;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use store::{LogoKind, PortalLogo};
use url::{Host, Url};

/// The largest logo, in bytes.
const MOST_OF_A_LOGO: usize = 32 * 1024;
/// What a PNG file begins with (PNG §5.2).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What of a link is kept in another form than it is sent in.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Where its holder goes when done, in its normal form.
    pub(super) return_url: Option<String>,
    /// The picture.
    pub(super) logo: Option<PortalLogo>,
}

/// Checks the way back and the logo; faults stay with the body.
pub(super) fn check(body: &mut Body<PortalLinkCreate>) -> Looks {
    let mut looks = Looks::default();
    if let Some(text) = body.sound::<String>("return_url") {
        match return_url(&text) {
            Ok(url) => looks.return_url = Some(url.into()),
            Err(detail) => body.fault("/return_url", detail),
        }
    }
    let sent = body.member("brand").and_then(|brand| brand.get("logo_url"));
    if let Some(text) = sent.and_then(Value::as_str).map(str::to_owned) {
        match logo(&text) {
            Ok(logo) => looks.logo = Some(logo),
            Err(detail) => body.fault("/brand/logo_url", detail),
        }
    }
    looks
}

/// A link on our pages leads there, so it is the address of a page and nothing else.
fn return_url(text: &str) -> Result<Url, &'static str> {
    const EXPECTED: &str = "Must be an https URL, for example https://app.example/settings; http only to this machine.";
    let url = Url::parse(text.trim()).map_err(|_| EXPECTED)?;
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_right = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    if !is_right || !url.has_host() {
        return Err(EXPECTED);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Must not have a user or a password in it.");
    }
    Ok(url)
}

fn logo(text: &str) -> Result<PortalLogo, String> {
    const EXPECTED: &str = "Must be a picture as data:image/png;base64,… or data:image/svg+xml;base64,…: pages load nothing \
                            from elsewhere.";
    let kinds = [
        ("data:image/png;base64,", LogoKind::Png),
        ("data:image/svg+xml;base64,", LogoKind::Svg),
    ];
    let found = kinds
        .into_iter()
        .find_map(|(start, kind)| Some((text.trim().strip_prefix(start)?, kind)));
    let (encoded, kind) = found.ok_or(EXPECTED)?;
    let content = STANDARD.decode(encoded).map_err(|_| "Is not base64 after the comma.")?;
    if content.len() > MOST_OF_A_LOGO {
        return Err(format!(
            "Must have at most {MOST_OF_A_LOGO} bytes; this has {}.",
            content.len()
        ));
    }
    let is_right = match kind {
        LogoKind::Png => content.starts_with(PNG),
        LogoKind::Svg => std::str::from_utf8(&content).is_ok_and(|text| text.contains("<svg")),
    };
    match is_right {
        true => Ok(PortalLogo { kind, content }),
        false => Err("Is not a picture of the type that it says.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_OF_A_LOGO, PNG, logo, return_url};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use store::LogoKind;

    #[test]
    fn the_way_back_is_a_page_over_tls_or_on_this_machine() {
        for good in [
            "https://app.example/settings?tab=hooks",
            "http://localhost:3000/",
            "http://127.0.0.1:8080/x",
            "http://[::1]/",
        ] {
            assert!(return_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/settings",
            "http://app.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user@app.example/",
            "http://localhost.evil.example/",
        ] {
            assert!(return_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_logo_is_a_small_picture_of_its_type() {
        let uri = |kind: &str, content: &[u8]| format!("data:image/{kind};base64,{}", STANDARD.encode(content));
        assert_eq!(logo(&uri("png", PNG)).unwrap().kind, LogoKind::Png);
        assert_eq!(logo(&uri("svg+xml", b"<svg/>")).unwrap().kind, LogoKind::Svg);
        let large = [PNG, &vec![0; MOST_OF_A_LOGO]].concat();
        for bad in [
            "https://app.example/logo.png".to_owned(),
            "data:image/png;base64,%%%".to_owned(),
            uri("png", b"<svg/>"),
            uri("svg+xml", PNG),
            uri("gif", b"GIF89a"),
            uri("png", &large),
        ] {
            assert!(logo(&bad).is_err());
        }
    }
}
