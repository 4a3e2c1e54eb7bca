//! A bare actix server: what answers over HTTP cost before Rollcall does anything.

use crate::http::Server;
use crate::load::{self, Load};
use actix_web::{App, HttpResponse, HttpServer, web};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use uuid::Uuid;

/// Sessions of the handler that reads: as many as a service has.
const CONNECTIONS: u32 = 5;
/// The one indexed SELECT.
const SELECT: &str = "SELECT resource FROM users WHERE id = $1";

/// Where the handler reads: through sea-orm with its own defaults, as anybody would write it.
async fn open(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(CONNECTIONS).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn resource(database: &DatabaseConnection, id: Uuid) -> Result<Option<String>, DbErr> {
    let select = Statement::from_sql_and_values(database.get_database_backend(), SELECT, [id.into()]);
    let row = database.query_one_raw(select).await?;
    row.map(|row| row.try_get("", "resource")).transpose()
}

/// A running bare server.
pub(crate) struct Bare {
    url: String,
}

impl Bare {
    /// Starts on a free port, reading the people in this database.
    pub(crate) async fn start(database: &str) -> Self {
        let pool = open(database).await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(pool.clone()))
                .route("/Users/{id}", web::get().to(person))
                .route("/Users", web::post().to(echo))
        })
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        tokio::spawn(server);
        Self { url }
    }

    /// The server itself.
    pub(crate) fn server(&self) -> Server {
        Server::new(&self.url, None)
    }

    /// y3: takes a body and answers it, nothing else.
    pub(crate) async fn answers(&self, clients: usize, requests: usize) -> Load {
        let server = Server::new(&self.url, None);
        let body = system::scim::user("somebody@contoso.example").to_string();
        load::run(clients, requests, move |_| {
            let (server, body) = (server.clone(), body.clone());
            async move { server.send("POST", "/Users", "", &body).await?.expect(201) }
        })
        .await
        .flawless()
    }

    /// Reads people by id: one indexed SELECT, the column sent as it is.
    pub(crate) async fn reads(
        &self,
        clients: usize,
        requests: usize,
        id: impl Fn(usize) -> Uuid + Send + Sync + 'static,
    ) -> Load {
        let server = Server::new(&self.url, None);
        load::run(clients, requests, move |n| {
            let (server, path) = (server.clone(), format!("/Users/{}", id(n)));
            async move { server.send("GET", &path, "", "").await?.expect(200) }
        })
        .await
        .flawless()
    }
}

async fn person(id: web::Path<Uuid>, pool: web::Data<DatabaseConnection>) -> HttpResponse {
    match resource(&pool, *id).await {
        Ok(Some(text)) => HttpResponse::Ok().content_type("application/scim+json").body(text),
        Ok(None) => HttpResponse::NotFound().body("no such person"),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

async fn echo(body: web::Bytes) -> HttpResponse {
    HttpResponse::Created().content_type("application/scim+json").body(body)
}
