//! A virtual host for one test.

use super::admin::BrokerAdmin;
use url::Url;

/// A virtual host that exists for as long as this value. Names of exchanges and queues are fixed, so this is what
/// keeps tests apart.
#[derive(Debug)]
pub struct Vhost {
    /// The broker's URL with this virtual host.
    pub url: String,
    name: String,
    admin: BrokerAdmin,
}

impl Vhost {
    /// Makes a virtual host on the broker of [`super::broker_url`], by the management API when it is that broker's (at
    /// `ROLLCALL_TEST_BUS_MANAGEMENT_URL`, or port 15672 of the same host), else by `rabbitmqctl`.
    ///
    /// # Panics
    /// When that fails: a test without its broker fails.
    pub async fn create() -> Self {
        Self::create_on(&super::broker_url()).await
    }

    /// As [`Vhost::create`], on another broker.
    ///
    /// # Panics
    /// When that fails.
    pub async fn create_on(broker: &str) -> Self {
        let mut url: Url = broker.parse().expect("the URL of the test broker is a URL");
        let name = format!("rollcall-test-{}", uuid::Uuid::now_v7().simple());
        url.set_path(&name);
        let (admin, created) = {
            let (url, name) = (url.clone(), name.clone());
            tokio::task::spawn_blocking(move || {
                let admin = BrokerAdmin::find(&url);
                let created = admin.create_vhost(&name);
                (admin, created)
            })
            .await
            .expect("the blocking task does not panic")
        };
        created.unwrap_or_else(|error| panic!("no virtual host for the test: {error}"));
        Self {
            url: url.into(),
            name,
            admin,
        }
    }

    /// The virtual host's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same virtual host by way of another address, such as that of a [`super::TcpProxy`].
    ///
    /// # Panics
    /// Never: the URL was valid before.
    #[must_use]
    pub fn url_via(&self, address: std::net::SocketAddr) -> String {
        let mut url: Url = self.url.parse().expect("made by this type");
        url.set_ip_host(address.ip()).expect("an AMQP URL has a host");
        url.set_port(Some(address.port())).expect("an AMQP URL has a port");
        url.into()
    }

    /// Deletes the virtual host and creates it again: the broker closes all its connections, and everything in it is gone.
    ///
    /// # Panics
    /// When the broker refuses it.
    pub async fn recreate(&self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        tokio::task::spawn_blocking(move || admin.delete_vhost(&name).and_then(|()| admin.create_vhost(&name)))
            .await
            .expect("the blocking task does not panic")
            .unwrap_or_else(|error| panic!("the virtual host was not made again: {error}"));
    }

    /// Sets a policy for all queues whose name matches `pattern`, for example `{"max-length": 3}`.
    ///
    /// # Panics
    /// When the broker refuses it.
    pub async fn set_policy(&self, name: &str, pattern: &str, definition: &serde_json::Value) {
        let (admin, vhost) = (self.admin.clone(), self.name.clone());
        let (name, pattern, definition) = (name.to_owned(), pattern.to_owned(), definition.clone());
        tokio::task::spawn_blocking(move || admin.set_policy(&vhost, &name, &pattern, &definition))
            .await
            .expect("the blocking task does not panic")
            .unwrap_or_else(|error| panic!("the policy was refused: {error}"));
    }

    /// Imports a definitions file whose objects name the default virtual host, into this one.
    ///
    /// # Panics
    /// When the broker refuses it.
    pub async fn import_definitions(&self, definitions: &serde_json::Value) {
        let mut definitions = definitions.clone();
        for objects in ["exchanges", "queues", "bindings"] {
            for object in definitions[objects].as_array_mut().into_iter().flatten() {
                object["vhost"] = self.name.clone().into();
            }
        }
        definitions["vhosts"] = serde_json::json!([{"name": self.name}]);
        let admin = self.admin.clone();
        tokio::task::spawn_blocking(move || admin.import_definitions(&definitions))
            .await
            .expect("the blocking task does not panic")
            .unwrap_or_else(|error| panic!("the definitions were refused: {error}"));
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        if let Err(error) = self.admin.delete_vhost(&self.name) {
            eprintln!("the virtual host {} stays behind: {error}", self.name);
        }
    }
}
