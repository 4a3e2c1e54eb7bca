//! Whole logins at an even rate, through the broker and an identity provider that signs with RS256 in this process, beside what
//! that provider and a bare server do alone.

use super::{name, spread};
use crate::bare::Bare;
use crate::fill;
use crate::http::{Answer, Server};
use crate::load::{self, Load};
use crate::report::{self, Table, fine, whole};
use crate::usage;
use hdrhistogram::Histogram;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use system::identity_provider::{CHALLENGE, IdentityProvider, VERIFIER};
use system::single_sign_on::{App, LogoutReceiver, REDIRECT_URI, connect};
use system::{Detour, Shape, System, Tenant};
use url::{Url, form_urlencoded};

/// For how long they come.
const LASTS: Duration = Duration::from_secs(30);
/// Logins before any are timed, and how many of them at once.
const WARM: usize = 400;
const CLIENTS: usize = 16;
/// The requests of a login.
const STEPS: [&str; 4] = ["authorize", "callback", "token", "userinfo"];

/// Runs the scenario and prints its tables.
pub(crate) async fn run(shape: Shape, bindings: &[usize], per_second: usize) {
    let about = format!("whole logins, {per_second} a second, {}", name(shape));
    let titles = [
        "bindings",
        "failed",
        "p50 ms",
        "p99 ms",
        "max ms",
        "provider p50",
        "provider p99",
        "bare x4 p50",
        "bare x4 p99",
    ];
    let table = Table::new(&about, &titles);
    let mut cpu = Vec::new();
    let mut steps = Vec::new();
    let mut last = None;
    for &count in bindings {
        let house = House::build(shape, count).await;
        fill::bindings(&house.system, house.door.connection(), house.provider.tenant, count).await;
        let door = house.door.clone();
        let warm = load::run(CLIENTS, WARM, move |n| door.clone().log_in(spread(n, count)));
        warm.await.flawless();
        let before = usage::all(&house.system);
        house.door.steps.reset();
        let door = house.door.clone();
        let logins = load::steadily(per_second, LASTS, move |n| door.clone().log_in(spread(n + WARM, count)));
        let logins = logins.await;
        if let Some(error) = &logins.first_error {
            println!("the first that failed: {error}");
        }
        let after = usage::all(&house.system);
        cpu.push((count, logins.requests, report::spent(&before, &after)));
        steps.push((count, house.door.steps.told()));
        let (provider, bare) = (
            provider_alone(&house.provider, per_second).await,
            bare(&house.system, per_second).await,
        );
        let figures = [&logins, &provider, &bare].map(|load| [fine(load.millis(0.5)), fine(load.millis(0.99))]);
        let [logins_cells, provider_cells, bare_cells] = figures;
        let most = [fine(logins.millis(1.0))];
        table.row(
            &[
                &[whole(count), whole(logins.errors)][..],
                &logins_cells,
                &most,
                &provider_cells,
                &bare_cells,
            ]
            .concat(),
        );
        last = Some(usage::all(&house.system));
        house.leave().await;
    }
    println!("\np50 and p99 in ms of each request, by bindings");
    for (count, told) in &steps {
        println!("{:>9}: {told}", whole(*count));
    }
    println!("\nCPU in µs for each login (load: clients and the identity provider), by bindings");
    for (count, logins, seconds) in &cpu {
        let each = seconds
            .iter()
            .map(|(name, seconds)| format!("{name} {:.0}", seconds * 1e6 / *logins as f64));
        println!("{:>9}: {}", whole(*count), each.collect::<Vec<_>>().join(", "));
    }
    if let Some(usage) = last {
        report::memory(&usage);
    }
    println!(
        "\nprovider: its token endpoint alone at the same rate; bare x4: four answers of a bare server, one after the other."
    );
}

/// An installation with a directory of many people and an app.
pub(super) struct House {
    pub(super) system: System,
    pub(super) tenant: Tenant,
    pub(super) door: Door,
    pub(super) receiver: LogoutReceiver,
    provider: IdentityProvider,
}

impl House {
    pub(super) async fn build(shape: Shape, people: usize) -> Self {
        let provider = IdentityProvider::start();
        let environment = [("ROLLCALL_ENTRA_AUTHORITY", provider.authority.as_str())];
        let mut system = System::start_with(shape, &environment).await;
        if shape == Shape::Separate {
            system.add("sso", "rollcall-sso", Detour::default()).await;
        }
        let tenant = system.tenant("contoso.example").await;
        fill::people(&system, &tenant, people).await;
        let connection = connect(&system, &tenant, &provider).await;
        let receiver = LogoutReceiver::start();
        let app = App::register(&system, &provider, &receiver.url).await;
        let door = Door::new(&system.process("sso").url(), &provider, &app, connection);
        Self {
            system,
            tenant,
            door,
            receiver,
            provider,
        }
    }

    pub(super) async fn leave(self) {
        self.system.stop().await;
        self.provider.stop().await;
        self.receiver.stop().await;
    }
}

/// How people come in: an app's side of a login, and the browser's.
#[derive(Clone)]
pub(super) struct Door {
    server: Server,
    provider: IdentityProvider,
    connection: Value,
    authorize: String,
    app: String,
    steps: Steps,
}

/// How long each request of a login took.
#[derive(Clone)]
struct Steps(Arc<Mutex<[Histogram<u64>; STEPS.len()]>>);

impl Steps {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(std::array::from_fn(|_| load::histogram()))))
    }

    fn reset(&self) {
        self.0.lock().unwrap().iter_mut().for_each(Histogram::reset);
    }

    fn note(&self, step: usize, took: Duration) {
        self.0.lock().unwrap()[step].saturating_record(load::micros(took));
    }

    fn told(&self) -> String {
        let steps = self.0.lock().unwrap();
        let each = STEPS.iter().zip(&*steps).map(|(name, latency)| {
            let [p50, p99] = [0.5, 0.99].map(|quantile| fine(load::quantile_millis(latency, quantile)));
            format!("{name} {p50}/{p99}")
        });
        each.collect::<Vec<_>>().join(", ")
    }
}

impl Door {
    fn new(sso: &str, provider: &IdentityProvider, app: &App, connection: Value) -> Self {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", app.id.as_str()),
                ("redirect_uri", REDIRECT_URI),
                ("response_type", "code"),
                ("scope", "openid profile email"),
                ("state", "state"),
                ("nonce", "nonce"),
                ("connection", connection["id"].as_str().unwrap()),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        Self {
            server: Server::new(sso, None),
            provider: provider.clone(),
            connection,
            authorize: format!("/sso/authorize?{query}"),
            app: form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("client_id", &app.id), ("client_secret", &app.secret)])
                .finish(),
            steps: Steps::new(),
        }
    }

    fn connection(&self) -> &str {
        self.connection["id"].as_str().unwrap()
    }

    /// The person with this number logs in, and the app asks who it is.
    pub(super) async fn log_in(self, number: usize) -> Result<(), String> {
        let began = self.ask(0, "GET", &self.authorize, "", "", 303).await?;
        let (person, object) = (fill::user_name(number), fill::id(number));
        let back = self.provider.log_in(&began.location, &person, object);
        let back = Url::parse(&back).map_err(|error| error.to_string())?;
        let (path, cookie) = (
            format!("{}?{}", back.path(), back.query().unwrap_or_default()),
            format!("cookie: {}\r\n", began.cookie),
        );
        let came = self.ask(1, "GET", &path, &cookie, "", 303).await?;
        let at_app = Url::parse(&came.location).map_err(|error| error.to_string())?;
        let code = self::asked(&at_app, "code").map_err(|_| came.location.clone())?;
        let form = form_urlencoded::Serializer::new(self.app.clone())
            .extend_pairs([
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", VERIFIER),
            ])
            .finish();
        let tokens = self.ask(2, "POST", "/sso/token", "", &form, 200).await?;
        let tokens: Value = serde_json::from_str(&tokens.text).map_err(|error| error.to_string())?;
        let token = tokens["access_token"].as_str().unwrap_or_default();
        let bearer = format!("authorization: Bearer {token}\r\n");
        let person = self.ask(3, "GET", "/sso/userinfo", &bearer, "", 200).await?;
        let is_right = person.text.contains(&fill::id(number).to_string());
        is_right
            .then_some(())
            .ok_or_else(|| format!("another person: {}", person.text))
    }

    async fn ask(
        &self,
        step: usize,
        method: &str,
        path: &str,
        more: &str,
        body: &str,
        status: u16,
    ) -> Result<Answer, String> {
        let began = Instant::now();
        let answer = self.server.send(method, path, more, body).await?;
        self.steps.note(step, began.elapsed());
        if answer.status == status {
            return Ok(answer);
        }
        Err(format!("{path}: {}: {}", answer.status, answer.text))
    }
}

/// What a URL says by a parameter.
fn asked(url: &Url, name: &str) -> Result<String, String> {
    let found = url.query_pairs().find(|(known, _)| known == name);
    found
        .map(|(_, value)| value.into_owned())
        .ok_or_else(|| format!("no {name} in {url}"))
}

/// The token endpoint of the identity provider, without Rollcall.
async fn provider_alone(provider: &IdentityProvider, per_second: usize) -> Load {
    let url = format!("{}/oauth2/v2.0/token", provider.entered());
    let server = Server::with_type(&url, None, "application/x-www-form-urlencoded");
    let provider = provider.clone();
    let load = load::steadily(per_second, Duration::from_secs(10), move |n| {
        let form = provider.redemption(&fill::user_name(n), fill::id(n));
        let server = server.clone();
        async move { server.send("POST", "", "", &form).await?.expect(200) }
    });
    load.await.flawless()
}

/// As many answers of a bare server as a login has requests.
async fn bare(system: &System, per_second: usize) -> Load {
    let bare = Bare::start(&system.database.url).await;
    let server = bare.server();
    let load = load::steadily(per_second, Duration::from_secs(10), move |_| {
        let server = server.clone();
        async move {
            for _ in STEPS {
                server.send("POST", "/Users", "", "{}").await?.expect(201)?;
            }
            Ok(())
        }
    });
    load.await.flawless()
}
