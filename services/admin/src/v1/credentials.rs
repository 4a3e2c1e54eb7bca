//! `/credentials`: everything that ends.

pub(super) mod list;

use api::CredentialKind;

const fn stored(kind: CredentialKind) -> store::CredentialKind {
    match kind {
        CredentialKind::DirectoryKey => store::CredentialKind::DirectoryKey,
        CredentialKind::OauthClient => store::CredentialKind::OauthClient,
        CredentialKind::AdminKey => store::CredentialKind::AdminKey,
        CredentialKind::ClientCertificate => store::CredentialKind::ClientCertificate,
        CredentialKind::PreviousSecret => store::CredentialKind::PreviousSecret,
        CredentialKind::Connection => store::CredentialKind::Connection,
        CredentialKind::GraphCertificate => store::CredentialKind::GraphCertificate,
        CredentialKind::GraphSecret => store::CredentialKind::GraphSecret,
    }
}

const fn shown(kind: store::CredentialKind) -> CredentialKind {
    match kind {
        store::CredentialKind::DirectoryKey => CredentialKind::DirectoryKey,
        store::CredentialKind::OauthClient => CredentialKind::OauthClient,
        store::CredentialKind::AdminKey => CredentialKind::AdminKey,
        store::CredentialKind::ClientCertificate => CredentialKind::ClientCertificate,
        store::CredentialKind::PreviousSecret => CredentialKind::PreviousSecret,
        store::CredentialKind::Connection => CredentialKind::Connection,
        store::CredentialKind::GraphCertificate => CredentialKind::GraphCertificate,
        store::CredentialKind::GraphSecret => CredentialKind::GraphSecret,
    }
}
