//! A credential that is made.

use crate::certificates;
use crate::context::AdminContext;
use crate::problem::Problem;
use ::events::GraphCredentialId;
use api::GraphCredentialCreate;
use oidc::AssertionForm;
use secrecy::ExposeSecret as _;
use store::{
    Directory, GraphCredential, GraphCredentialKind, GraphCredentialState, SealedColumn, SealedGraphCredential,
};

/// As many characters of a secret as the Entra admin center shows.
const HINT: usize = 3;

/// A credential, and its secrets as they are stored.
pub(in crate::v1::graph) struct Made {
    pub(in crate::v1::graph) credential: GraphCredential,
    pub(in crate::v1::graph) sealed: SealedGraphCredential,
}

/// Makes a credential that was checked: of a certificate the key, too, which takes seconds.
///
/// # Errors
/// 500 when no key can be made.
pub(in crate::v1::graph) async fn make(
    context: &AdminContext,
    directory: &Directory,
    wanted: &GraphCredentialCreate,
) -> Result<Made, Problem> {
    let id = GraphCredentialId::new();
    let keys = context.master_keys();
    let credential = GraphCredential {
        id,
        directory_id: directory.id,
        kind: GraphCredentialKind::Secret,
        state: GraphCredentialState::Pending,
        certificate: None,
        hint: String::new(),
        assertion_form: AssertionForm::default().as_str().to_owned(),
        expires_at: wanted.expires_at,
        created_at: context.now,
        proved_at: None,
        retires_at: None,
    };
    if let Some(secret) = &wanted.secret {
        let plain = secret.expose();
        let hint: String = plain.chars().take(HINT).collect();
        let place = SealedColumn::GraphSecret.context(&id);
        return Ok(Made {
            credential: GraphCredential {
                hint: format!("{hint}…"),
                ..credential
            },
            sealed: SealedGraphCredential {
                secret: Some(keys.seal(plain.as_bytes(), &place)),
                private_key: None,
            },
        });
    }
    let (key, certificate) = certificates::make(&directory.name, context.now).await?;
    let place = SealedColumn::GraphPrivateKey.context(&id);
    Ok(Made {
        credential: GraphCredential {
            kind: GraphCredentialKind::Certificate,
            hint: certificate.sha1_thumbprint(),
            certificate: Some(certificate.der().to_vec()),
            expires_at: Some(certificate.not_after()),
            ..credential
        },
        sealed: SealedGraphCredential {
            secret: None,
            private_key: Some(keys.seal(key.expose_secret(), &place)),
        },
    })
}
