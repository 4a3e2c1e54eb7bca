//! What an administrator does in each identity provider, one of its screens a step, in its own words.

use crate::texts::TextKey;
use api::Directory;

/// A step of a guide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// What is done.
    pub(super) title: TextKey,
    /// What the page shows for it.
    pub(super) kind: StepKind,
}

/// What a page shows for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepKind {
    EntraApplication,
    EntraCredentials,
    EntraMapping,
    EntraAssign,
    EntraOnDemand,
    EntraOn,
    OktaApplication,
    OneloginApplication,
    JumpcloudApplication,
    PingApplication,
    GoogleApplication,
    AnyApplication,
    Credentials,
    Assign,
    Watch,
}

const fn step(title: TextKey, kind: StepKind) -> Step {
    Step { title, kind }
}

const ENTRA: [Step; 6] = [
    step(TextKey("guide-step-enterprise-application"), StepKind::EntraApplication),
    step(TextKey("guide-step-tenant-url"), StepKind::EntraCredentials),
    step(TextKey("guide-step-mapping"), StepKind::EntraMapping),
    step(TextKey("guide-step-assign"), StepKind::EntraAssign),
    step(TextKey("guide-step-on-demand"), StepKind::EntraOnDemand),
    step(TextKey("guide-step-on"), StepKind::EntraOn),
];

macro_rules! guide {
    ($name:ident, $kind:ident) => {
        const $name: [Step; 4] = [
            step(TextKey("guide-step-application"), StepKind::$kind),
            step(TextKey("guide-step-credentials"), StepKind::Credentials),
            step(TextKey("guide-step-assign"), StepKind::Assign),
            step(TextKey("guide-step-watch"), StepKind::Watch),
        ];
    };
}

guide!(OKTA, OktaApplication);
guide!(ONELOGIN, OneloginApplication);
guide!(JUMPCLOUD, JumpcloudApplication);
guide!(PING, PingApplication);
guide!(GOOGLE, GoogleApplication);
guide!(ANY, AnyApplication);

/// The guide of a directory's identity provider.
pub(super) fn guide(directory: &Directory) -> &'static [Step] {
    match directory.provider.as_str() {
        "entra_id" => &ENTRA,
        "okta" => &OKTA,
        "onelogin" => &ONELOGIN,
        "jumpcloud" => &JUMPCLOUD,
        "ping" => &PING,
        "google" => &GOOGLE,
        _ => &ANY,
    }
}
