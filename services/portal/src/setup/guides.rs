//! What an administrator does in each identity provider, one of its screens a step, in its own words.

use api::Directory;

/// A step of a guide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// What is done.
    pub(super) title: &'static str,
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

const fn step(title: &'static str, kind: StepKind) -> Step {
    Step { title, kind }
}

const ENTRA: [Step; 6] = [
    step("Create the enterprise application", StepKind::EntraApplication),
    step("Paste the tenant URL and the secret token", StepKind::EntraCredentials),
    step("Check the attribute mapping", StepKind::EntraMapping),
    step("Assign people", StepKind::EntraAssign),
    step("Provision one person", StepKind::EntraOnDemand),
    step("Switch on", StepKind::EntraOn),
];

macro_rules! guide {
    ($name:ident, $kind:ident) => {
        const $name: [Step; 4] = [
            step("Create the application", StepKind::$kind),
            step("Paste the address and the token", StepKind::Credentials),
            step("Assign people", StepKind::Assign),
            step("See them arrive", StepKind::Watch),
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
