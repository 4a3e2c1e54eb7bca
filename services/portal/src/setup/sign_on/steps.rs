//! The steps of single sign-on in Microsoft Entra ID, one of its screens each, in its own words.

use crate::texts::TextKey;
use api::{Connection, ConnectionCredential, ConnectionState};

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Register,
    RedirectUris,
    Credential,
    Claim,
    Consent,
    Test,
    Live,
}

impl Step {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 7] = [
        Self::Register,
        Self::RedirectUris,
        Self::Credential,
        Self::Claim,
        Self::Consent,
        Self::Test,
        Self::Live,
    ];

    /// What is done.
    pub(super) const fn title(self) -> TextKey {
        match self {
            Self::Register => TextKey("sign-on-step-register"),
            Self::RedirectUris => TextKey("sign-on-step-redirect-uris"),
            Self::Credential => TextKey("sign-on-step-credential"),
            Self::Claim => TextKey("sign-on-step-claim"),
            Self::Consent => TextKey("sign-on-step-consent"),
            Self::Test => TextKey("sign-on-step-test"),
            Self::Live => TextKey("sign-on-step-live"),
        }
    }

    /// What the page of the app registration is called in addresses of the admin center.
    pub(super) const fn blade(self) -> &'static str {
        match self {
            Self::Register | Self::Test | Self::Live => "Overview",
            Self::RedirectUris => "Authentication",
            Self::Credential => "Credentials",
            Self::Claim => "TokenConfiguration",
            Self::Consent => "CallAnAPI",
        }
    }

    /// From 1 on.
    pub(super) const fn number(self) -> usize {
        self as usize + 1
    }

    /// The step with a number; the nearest, where there is none.
    pub(super) fn numbered(number: usize) -> Self {
        let index = number.clamp(1, Self::ALL.len()) - 1;
        Self::ALL.get(index).copied().unwrap_or(Self::Register)
    }

    /// The one before.
    pub(super) fn before(self) -> Option<Self> {
        self.number()
            .checked_sub(2)
            .and_then(|index| Self::ALL.get(index).copied())
    }

    /// The one after.
    pub(super) fn after(self) -> Option<Self> {
        Self::ALL.get(self.number()).copied()
    }

    /// The step that comes next where none is asked for, as far as the connection tells.
    pub(super) fn next(connection: &Connection) -> Self {
        match connection.state {
            ConnectionState::Draft if connection.credential == ConnectionCredential::None => Self::RedirectUris,
            ConnectionState::Draft if connection.test_accounts.is_empty() => Self::Claim,
            ConnectionState::Draft => Self::Test,
            ConnectionState::Tested | ConnectionState::Active | ConnectionState::Failing | ConnectionState::Paused => {
                Self::Live
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn each_step_leads_to_the_one_before_and_after() {
        for (index, step) in Step::ALL.into_iter().enumerate() {
            assert_eq!(step.number(), index + 1);
            assert_eq!(Step::numbered(step.number()), step);
            assert_eq!(step.before().map(Step::number), (index > 0).then_some(index));
            assert_eq!(step.after().map(Step::number), (index < 6).then_some(index + 2));
        }
        assert_eq!(Step::numbered(0), Step::Register);
        assert_eq!(Step::numbered(99), Step::Live);
    }
}
