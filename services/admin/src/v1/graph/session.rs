//! Graph as a directory sees it.

use super::stored::{self, Unreadable};
use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use ::events::{ConnectionId, GraphCredentialId};
use ::graph::pull::PullFault;
use ::graph::{Credential, Identity, Session, TenantSize};
use oidc::{AssertionForm, Certificate, SigningKey};
use std::time::Duration;
use store::{GraphCredential, GraphCredentialState, GraphPull, SealedColumn, SealedGraphCredential};

/// How long a request of this API waits for Microsoft at most.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);

/// A session by the credential that is used; before there is one, by the newest.
///
/// # Errors
/// 409 for a pull without tenant, application or credential; otherwise as the store.
pub(super) async fn session(context: &AdminContext, pull: &GraphPull) -> Result<Session, Problem> {
    let credentials = context.store().graph_credentials(pull.directory_id);
    let all = credentials.all().await?;
    let used = all
        .iter()
        .find(|credential| credential.state == GraphCredentialState::Active)
        .or_else(|| all.first());
    let used = used.ok_or_else(|| {
        let detail = "This directory has no credential for Microsoft Graph. POST …/graph/credentials adds one.";
        Problem::new(ProblemKind::Conflict, detail)
    })?;
    by_credential(context, pull, used.id).await
}

/// Whether Microsoft Entra ID takes a credential.
///
/// # Errors
/// 404 without such a credential; 503 where Entra ID does not answer in time; otherwise as the store.
pub(super) async fn prove(
    context: &AdminContext,
    pull: &GraphPull,
    id: GraphCredentialId,
) -> Result<Result<(), PullFault>, Problem> {
    let session = by_credential(context, pull, id).await?;
    let proved = tokio::time::timeout(PATIENCE, session.probe_token()).await;
    match proved.map_err(|_| too_slow())? {
        Ok(bearer) => {
            if let Some(form) = bearer.form {
                let credentials = context.store().graph_credentials(pull.directory_id);
                credentials.keep_assertion_form(id, form.as_str()).await?;
            }
            Ok(Ok(()))
        }
        Err(error) => Ok(Err(PullFault::of_token(&error, context.now))),
    }
}

/// 503: there was no answer in time.
pub(super) fn too_slow() -> Problem {
    let detail = format!(
        "Microsoft did not answer within {} seconds; nothing was changed. Try again.",
        PATIENCE.as_secs()
    );
    Problem::new(ProblemKind::Unavailable, detail)
}

async fn by_credential(context: &AdminContext, pull: &GraphPull, id: GraphCredentialId) -> Result<Session, Problem> {
    let (Some(tenant), Some(client_id)) = (pull.tenant_id, pull.client_id) else {
        let detail = "The tenant and the application are not known yet. PATCH …/graph sets tenant_id and client_id.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    };
    let found = context.store().graph_credentials(pull.directory_id).by_id(id).await?;
    let (credential, sealed) = found.ok_or_else(|| Problem::not_found("credential", &id.to_string()))?;
    let identity = Identity {
        // Tokens and budgets are those of the directory.
        connection: ConnectionId::from(pull.directory_id.uuid()),
        tenant,
        client_id,
        endpoints: context.graph().endpoints(stored::cloud(pull)?),
        credential: opened(context, &credential, &sealed)?,
        size: TenantSize::default(),
    };
    let graph = context.graph().graph().map_err(|error| Problem::internal(&error))?;
    Ok(graph.session(identity))
}

fn opened(
    context: &AdminContext,
    credential: &GraphCredential,
    sealed: &SealedGraphCredential,
) -> Result<Credential, Problem> {
    let keys = context.master_keys();
    if let Some(secret) = &sealed.secret {
        let place = SealedColumn::GraphSecret.context(&credential.id);
        let secret = keys
            .open_text(secret, &place)
            .map_err(|error| Problem::internal(&error))?;
        return Ok(Credential::Secret(secret));
    }
    let lacks = |part| Problem::internal(&Unreadable::Part(part));
    let key = sealed.private_key.as_ref().ok_or_else(|| lacks("key"))?;
    let place = SealedColumn::GraphPrivateKey.context(&credential.id);
    let key = keys.open(key, &place).map_err(|error| Problem::internal(&error))?;
    let der = credential.certificate.as_deref().ok_or_else(|| lacks("certificate"))?;
    let form = AssertionForm::parse(&credential.assertion_form);
    Ok(Credential::Certificate {
        key: SigningKey::from_pkcs8(&key).map_err(|error| Problem::internal(&error))?,
        certificate: Box::new(Certificate::from_der(der).map_err(|error| Problem::internal(&error))?),
        form: form.ok_or_else(|| Problem::internal(&Unreadable::Form(credential.assertion_form.clone())))?,
    })
}
