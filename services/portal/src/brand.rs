//! In whose name the pages of a link are: its name, its colour, its logo, and the way back.
//!
//! The policy of pages allows no styles inside them and nothing from elsewhere, so the colour is a style sheet of the door,
//! and the logo a picture of it, both those of the link that is open.

use crate::door::Door;
use crate::fault::Fault;
use crate::guest::link_of;
use crate::session::parts;
use crate::texts::text;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use pages::Link;
use store::{LogoKind, PortalLink};
use url::Url;

/// A picture that somebody opens by itself runs nothing: an SVG may have scripts in it.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub(crate) fn configure(door: Door) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .service(web::resource("/brand.css").get(move |request| style(door, request)))
            .service(web::resource("/logo").get(move |request| logo(door, request)));
    }
}

/// The style sheet of a link that has a colour.
async fn style(door: Door, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let link = link_of(&request, door).await?;
    let colour = link.brand.and_then(|brand| brand.colour);
    let colour = colour.as_deref().and_then(Colour::parse).ok_or(Fault::Missing)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .body(sheet(colour)))
}

/// The logo of a link that has one.
async fn logo(door: Door, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let link = link_of(&request, door).await?;
    let (state, _) = parts(&request)?;
    let logo = state
        .store()
        .portal_links()
        .logo(link.id)
        .await?
        .ok_or(Fault::Missing)?;
    let content_type = match logo.kind {
        LogoKind::Png => "image/png",
        LogoKind::Svg => "image/svg+xml",
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CONTENT_SECURITY_POLICY, PICTURE_POLICY))
        .body(logo.content))
}

/// The way back of a link, named after whom it leads to.
pub(crate) fn way_back(link: &PortalLink) -> Option<Link> {
    let to = link.return_url.as_deref()?;
    let host = || Some(Url::parse(to).ok()?.host_str()?.to_owned());
    let name = link.brand.as_ref().map(|brand| brand.name.clone()).or_else(host)?;
    Some(Link::new(to, text("brand-back").with("name", name)))
}

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Colour([u8; 3]);

impl Colour {
    const BLACK: Self = Self([0; 3]);
    const WHITE: Self = Self([255; 3]);

    /// Of `#rrggbb`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// WCAG 2.2, contrast ratio.
    fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Black or white, whichever is read better on it: at least 4.5 to 1 on any colour.
    fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// It colours surfaces and what is written on them, never text on the colours of the page: those could be alike.
fn sheet(colour: Colour) -> String {
    let ink = colour.ink();
    format!(
        ".side {{ background: {colour}; }}\n\
         .side .brand, .side .back, .side .back:hover {{ color: {ink}; }}\n\
         .side :focus-visible {{ outline-color: {ink}; }}\n\
         .button.primary, .button.primary:hover {{ background: {colour}; color: {ink}; border-color: {ink}; filter: none; }}\n\
         .steps li[aria-current]::before {{ background: {colour}; color: {ink}; border-color: {ink}; }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{Colour, sheet};

    #[test]
    fn what_is_written_on_any_colour_can_be_read() {
        for red in (0..=255).step_by(5) {
            for green in (0..=255).step_by(5) {
                for blue in (0..=255).step_by(5) {
                    let colour = Colour([red, green, blue]);
                    assert!(colour.contrast(colour.ink()) >= 4.5, "{colour}");
                }
            }
        }
    }

    #[test]
    fn a_colour_is_six_digits_and_nothing_else_gets_into_the_style_sheet() {
        let colour = Colour::parse("#12abEF").unwrap();
        assert_eq!(colour.to_string(), "#12abef");
        for bad in [
            "",
            "#12345",
            "123456",
            "#12345g",
            "#1234567",
            "#123456;}",
            "#+12345",
            "#é1234",
        ] {
            assert_eq!(Colour::parse(bad), None, "{bad}");
        }
        assert!(sheet(colour).starts_with(".side { background: #12abef; }"));
    }
}
