//! Where the form of a page of ours leads: on to a site of others, by a page that goes on by itself in place of a redirect.

use crate::fault::{Fault, page};
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use pages::Leading;
use url::form_urlencoded;

/// The field by which a request says that it comes from our form.
pub(crate) const MARK: &str = "asked";
const HEADING: &str = "On to the next page";

/// The answer to a request: where a form of ours asked, a page in place of a redirect.
///
/// # Errors
/// When the page cannot be written.
pub(crate) fn answer(request: &HttpRequest, response: HttpResponse) -> Result<HttpResponse, Fault> {
    let mut fields = form_urlencoded::parse(request.query_string().as_bytes());
    let is_of_form = fields.any(|(name, _)| name == MARK);
    let location = response.headers().get(LOCATION).filter(|_| is_of_form);
    let Some(to) = location.and_then(|to| to.to_str().ok()) else {
        return Ok(response);
    };
    let body = Leading {
        to,
        heading: HEADING,
        advice: "If nothing happens, go on by this link.",
        link: "Continue",
    };
    let mut leading = page(StatusCode::OK, HEADING, body).map_err(|error| Fault::broken("a page", &error))?;
    let led = body.lead(leading.headers_mut());
    led.map_err(|error| Fault::broken("an address to go to", &error))?;
    for cookie in response.cookies() {
        let added = leading.add_cookie(&cookie);
        added.map_err(|error| Fault::broken("the cookie of a login", &error))?;
    }
    Ok(leading)
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::outcome::redirect;
    use actix_web::cookie::Cookie;
    use actix_web::http::header::LOCATION;
    use actix_web::test::TestRequest;

    #[test]
    fn a_form_of_ours_is_answered_by_a_page_that_goes_on_and_keeps_the_cookies() {
        let to = "https://login.example/authorize?a=1&b=%22";
        let mut response = redirect(to);
        response.add_cookie(&Cookie::new("login", "secret")).unwrap();
        let request = TestRequest::with_uri("/sso/authorize?state=s&asked=1").to_http_request();
        let led = answer(&request, response).unwrap();
        assert_eq!(led.status(), 200);
        assert_eq!(led.headers().get("refresh").unwrap(), &format!("0; url={to}"));
        assert!(led.headers().get(LOCATION).is_none());
        assert_eq!(led.cookies().next().unwrap().value(), "secret");
    }

    #[test]
    fn an_app_is_answered_by_a_redirect() {
        let request = TestRequest::with_uri("/sso/authorize?state=asked&x=asked").to_http_request();
        let led = answer(&request, redirect("https://login.example/")).unwrap();
        assert_eq!(led.status(), 303);
    }
}
