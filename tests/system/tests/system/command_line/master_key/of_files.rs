//! A change of the master key that is kept in the data dir.

use super::super::shell::{Shell, text};
use serde_json::{Value, json};
use std::path::Path;
use system::process::Process;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_data_dir_is_changed_under_a_running_server_and_goes_when_nobody_has_it() {
    let shell = Shell::new();
    let data_dir = shell.path().join("data");
    let environment = vec![
        ("ROLLCALL_DATA_DIR".to_owned(), data_dir.display().to_string()),
        ("ROLLCALL_ADMIN_KEY".to_owned(), system::ADMIN_KEY.to_owned()),
        ("ROLLCALL_WEBHOOK_ALLOW_PRIVATE".to_owned(), "true".to_owned()),
    ];
    let mut server = Process::new("rollcall", &["serve"], environment, shell.path());
    server.start().await;
    let api = Api(server.url());
    let made = api
        .call("POST", "/endpoints", json!({ "url": "http://127.0.0.1:9009/hook" }))
        .await;
    let path = format!("/endpoints/{}/secret", text(&made["id"]));
    let (current, previous) = (data_dir.join("master.key"), data_dir.join("master.key.previous"));
    let old = std::fs::read_to_string(&current).unwrap();

    let rotate = ["rotate-master-key", "--data-dir", "data", "--json"];
    let report = shell.run(&rotate).await.well().json();
    assert!(report["sealed_again"].as_u64().unwrap() >= 2, "{report}");
    assert_eq!(report["previous_key_may_be_removed"], false, "{report}");
    assert!(text(&report["detail"]).contains("Restart Rollcall"), "{report}");
    assert_eq!(std::fs::read_to_string(&previous).unwrap(), old);
    let new = std::fs::read_to_string(&current).unwrap();
    assert_ne!(new, old);
    for file in [&current, &previous] {
        assert_eq!(mode(file), 0o600);
    }
    // The server that has the old key finds the new one, and seals with it from then on.
    assert_eq!(api.call("GET", &path, json!(null)).await["secret"], made["secret"]);
    api.call("POST", "/endpoints", json!({ "url": "http://127.0.0.1:9009/other" }))
        .await;
    let report = shell.run(&rotate).await.well().json();
    assert_eq!(report["sealed_again"], 0, "{report}");
    assert!(previous.exists(), "{report}");

    assert!(server.terminate().await.success());
    server.start().await;
    let kept = shell
        .run(&[&rotate[..], &["--keep-previous"]].concat())
        .await
        .well()
        .json();
    assert_eq!(kept["previous_key_may_be_removed"], true, "{kept}");
    assert!(previous.exists(), "{kept}");
    let report = shell.run(&rotate).await.well().json();
    assert_eq!(report["previous_key_may_be_removed"], true, "{report}");
    assert!(!previous.exists(), "{report}");
    assert_eq!(std::fs::read_to_string(&current).unwrap(), new);
    assert_eq!(api.call("GET", &path, json!(null)).await["secret"], made["secret"]);
    assert!(server.terminate().await.success());
}

fn mode(file: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions()) & 0o777
}

/// The management API of a server.
struct Api(String);

impl Api {
    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v1{path}", self.0);
        let mut request = system::client()
            .request(method.parse().unwrap(), url)
            .bearer_auth(system::ADMIN_KEY);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        answer.json().await.unwrap()
    }
}
