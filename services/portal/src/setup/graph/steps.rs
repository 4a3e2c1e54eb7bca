//! The steps of pulling from Microsoft Graph, one screen of Entra each, in its own words.

use crate::texts::TextKey;
use api::{GraphPull, GraphState};

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Register,
    Credential,
    Permissions,
    Test,
    Round,
}

impl Step {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 5] = [
        Self::Register,
        Self::Credential,
        Self::Permissions,
        Self::Test,
        Self::Round,
    ];

    /// What is done.
    pub(super) const fn title(self) -> TextKey {
        match self {
            Self::Register => TextKey("graph-setup-step-register"),
            Self::Credential => TextKey("graph-setup-step-credential"),
            Self::Permissions => TextKey("graph-setup-step-permissions"),
            Self::Test => TextKey("graph-setup-step-test"),
            Self::Round => TextKey("graph-setup-step-round"),
        }
    }

    /// What the page of the app registration is called in addresses of the admin center.
    pub(super) const fn blade(self) -> &'static str {
        match self {
            Self::Register | Self::Test | Self::Round => "Overview",
            Self::Credential => "Credentials",
            Self::Permissions => "CallAnAPI",
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

    /// The step that comes next where none is asked for, as far as the pull tells.
    pub(super) const fn next(pull: &GraphPull) -> Self {
        match pull.state {
            GraphState::Draft => Self::Credential,
            GraphState::Active | GraphState::Paused | GraphState::Failing | GraphState::Held => Self::Round,
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
            assert_eq!(step.after().map(Step::number), (index < 4).then_some(index + 2));
        }
        assert_eq!(Step::numbered(0), Step::Register);
        assert_eq!(Step::numbered(99), Step::Round);
    }
}
