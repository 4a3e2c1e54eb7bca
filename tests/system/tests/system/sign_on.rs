//! What the tests of single sign-on have in common: a browser that goes between an app, this installation and the identity
//! provider, as a reverse proxy would send it.

use reqwest::{Client, Method, Response, StatusCode, redirect};
use std::collections::BTreeMap;
use system::identity_provider::IdentityProvider;
use system::{Detour, Shape, System};

/// A system whose people log in at an identity provider.
pub(crate) async fn start(shape: Shape, provider: &IdentityProvider) -> System {
    let environment = [("ROLLCALL_ENTRA_AUTHORITY", provider.authority.as_str())];
    let mut system = System::start_with(shape, &environment).await;
    if shape == Shape::Separate {
        system.add("sso", "rollcall-sso", Detour::default()).await;
    }
    system
}

/// A browser that keeps its cookies and follows nothing by itself.
pub(crate) struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
    /// Where the portal is, and where single sign-on.
    portal: String,
    sso: String,
}

impl Browser {
    pub(crate) fn of(system: &System) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        let sso = system.processes.get("rollcall-sso").map(system::process::Process::url);
        Self {
            client,
            cookies: BTreeMap::new(),
            portal: system.admin_url(),
            sso: sso.unwrap_or_else(|| system.admin_url()),
        }
    }

    /// Where an address of this installation is answered.
    fn place(&self, address: &str) -> String {
        let path = match address.find("://") {
            Some(at) => address[at + 3..]
                .find('/')
                .map_or("/", |slash| &address[at + 3 + slash..]),
            None => address,
        };
        let base = if path.starts_with("/sso/") {
            &self.sso
        } else {
            &self.portal
        };
        format!("{base}{path}")
    }

    pub(crate) async fn send(&mut self, method: Method, address: &str, form: &[(&str, &str)], site: &str) -> Response {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self
            .client
            .request(method.clone(), self.place(address))
            .header("sec-fetch-site", site)
            .header("cookie", cookies.join("; "));
        if method == Method::POST {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
                "{cookie}"
            );
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        response
    }

    pub(crate) async fn get(&mut self, address: &str) -> Response {
        self.send(Method::GET, address, &[], "none").await
    }

    pub(crate) async fn post(&mut self, address: &str, form: &[(&str, &str)]) -> Response {
        self.send(Method::POST, address, form, "same-origin").await
    }

    /// A page with this status.
    pub(crate) async fn page(&mut self, address: &str, status: StatusCode) -> String {
        let response = self.get(address).await;
        assert_eq!(response.status(), status, "{address}");
        response.text().await.unwrap()
    }

    pub(crate) async fn read(&mut self, address: &str) -> String {
        self.page(address, StatusCode::OK).await
    }

    /// What a form is refused with.
    pub(crate) async fn refused(&mut self, address: &str, form: &[(&str, &str)]) -> String {
        let response = self.post(address, form).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        response.text().await.unwrap()
    }
}
